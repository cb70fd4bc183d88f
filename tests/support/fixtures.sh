#!/usr/bin/env bash
# fixtures.sh CACHE [bench|files]: makes the images that tests (or benches) use from Debian packages with Debian's tools, and
# keeps them in CACHE as the storage of a docker-registry. What is there already is not made again.
#
#   CACHE/registry/     storage of docker-registry: busybox, debian, python, strange, tools (bench: bench; files: files); `complete` when done
#   CACHE/oci/          OCI layout the images were put together in by umoci
#   CACHE/bundle/       busybox unpacked, an OCI bundle for crun
#   CACHE/strange.expected   what a correct reader sees in `strange`
#   CACHE/tls/, CACHE/htpasswd   a certificate authority, a server's certificate, and tester:secret
#   CACHE/files/        the layers of `files` as tars, for peers that want them unpacked
#   CACHE/why-not       why there are none
#
# Needs root (mmdebstrap with device nodes and owners) and the packages named in host.sh.
set -euo pipefail
umask 022
cache=$1 goal=${2:-tests}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
version=4

mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)
refuse() { echo "$1" >"$cache/why-not"; echo "fixtures: $1"; exit 1; }

[ "$(cat "$cache/version" 2>/dev/null)" = $version ] || rm -rf --one-file-system "$cache"/{registry,oci,bundle,work,strange.expected,version}
stage() { [ -e "$cache/stage-$version-$1" ]; }
reached() { : >"$cache/stage-$version-$1"; }
wanted="credentials busybox debian strange python tools"
[ "$goal" = bench ] && wanted="credentials busybox bench"
[ "$goal" = files ] && wanted="credentials busybox files"
missing=""
for name in $wanted; do stage "$name" || missing+=" $name"; done
[ -n "$missing" ] || exit 0

[ "$(id -u)" = 0 ] || refuse "they are made by tests/run as root"
for program in umoci skopeo buildah docker-registry mmdebstrap openssl htpasswd zstd python3; do
    command -v $program >/dev/null || refuse "needs $program (Debian package $(case $program in
        htpasswd) echo apache2-utils ;; *) echo $program ;; esac))"
done
[ -x /bin/busybox ] || refuse "needs busybox (Debian package busybox-static)"
rm -f "$cache/why-not"

work=$cache/work oci=$cache/oci/images
rm -rf --one-file-system "$work"
mkdir -p "$work" "$cache/registry" "$cache/oci"
[ -e "$oci" ] || umoci init --layout "$oci"
registry_pid=""
making=""
finish() {
    [ $? = 0 ] || [ -e "$cache/why-not" ] || echo "$making could not be made" >"$cache/why-not"
    [ -z "$registry_pid" ] || kill "$registry_pid" 2>/dev/null || true
    rm -rf --one-file-system "$work"
    chmod -R a+rX "$cache" 2>/dev/null || true
}
trap finish EXIT
say() { echo "fixtures: $*"; }

make_credentials() {
    mkdir -p "$cache/tls"
    (
        cd "$cache/tls"
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=coracle tests" -keyout ca.key -out ca.crt
        openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >server.ext
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile server.ext -out server.crt
    ) 2>"$work/openssl.log"
    # Test credentials of a registry on loopback: the server runs as the tests' user.
    chmod 644 "$cache/tls/"*
    htpasswd -Bbn tester secret >"$cache/htpasswd"
}

start_registry() {
    [ -z "$registry_pid" ] || return 0
    port=$((20000 + RANDOM % 20000))
    cat >"$work/registry.yml" <<END
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $cache/registry}}
http: {addr: "127.0.0.1:$port"}
END
    docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
    registry_pid=$!
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
        sleep 0.1
    done
    cat "$work/registry.log"
    return 1
}

# push SOURCE NAME [OPTION...]: puts an image into the registry with skopeo.
push() {
    local source=$1 name=$2
    shift 2
    start_registry
    skopeo copy --quiet --insecure-policy --dest-tls-verify=false "$@" "$source" "docker://127.0.0.1:$port/$name"
}

# add_layer TAG TAR: a layer on top of TAG, made by umoci.
add_layer() { umoci raw add-layer --image "$oci:$1" "$2"; }

make_busybox() {
    local root=$work/busybox name
    mkdir -p "$root"/{bin,etc,tmp,root,proc,sys,dev,home,run,usr/bin,var/tmp}
    chmod 1777 "$root/tmp" "$root/var/tmp"
    cp /bin/busybox "$root/bin/"
    for name in $(/bin/busybox --list); do [ "$name" = busybox ] || ln "$root/bin/busybox" "$root/bin/$name"; done
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    tar -C "$root" --numeric-owner --owner=0 --group=0 -cf "$work/busybox.tar" .
    umoci new --image "$oci:busybox"
    add_layer busybox "$work/busybox.tar"
    umoci config --image "$oci:busybox" --config.cmd sh --config.env PATH=/usr/bin:/bin
    push "oci:$oci:busybox" busybox:latest
    push "oci:$oci:busybox" busybox:docker --format v2s2
    for form in zstd plain; do
        python3 "$here/recompress.py" "$oci" busybox "$work/$form" $form
        push "oci:$work/$form:latest" busybox-$form:latest --preserve-digests
    done
    rm -rf "$cache/bundle"
    umoci unpack --image "$oci:busybox" "$cache/bundle"
}

# A Debian with this machine's own package sources, so that apt-get works inside.
make_debian() {
    local root=$work/debian suite
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
    mmdebstrap --quiet --variant=minbase "$suite" "$root"
    cp -aL /etc/apt/sources.list.d/*.sources "$root/etc/apt/sources.list.d/" 2>/dev/null && : >"$root/etc/apt/sources.list"
    [ -s /etc/apt/sources.list ] && cp -aL /etc/apt/sources.list "$root/etc/apt/"
    cp -aL /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
    cp -aL /etc/apt/apt.conf "$root/etc/apt/" 2>/dev/null || true
    mkdir -p "$root/usr/share/keyrings" "$root/etc/ssl/certs"
    cp -aL /usr/share/keyrings/. "$root/usr/share/keyrings/"
    [ -e /etc/ssl/certs/ca-certificates.crt ] && cp -aL /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    rm -f "$root"/etc/apt/apt.conf.d/docker-* "$root/etc/resolv.conf" "$root/etc/hostname"
    tar -C "$root" --numeric-owner --xattrs --sort=name -cf "$work/debian.tar" .
    umoci new --image "$oci:debian"
    add_layer debian "$work/debian.tar"
    umoci config --image "$oci:debian" --config.cmd bash --config.env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    push "oci:$oci:debian" debian:latest
}

# Debian and one layer above it, by buildah.
make_python() {
    local tool=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs) container
    container=$("${tool[@]}" from --signature-policy <(echo '{"default":[{"type":"insecureAcceptAnything"}]}') "oci:$oci:debian")
    "${tool[@]}" run --isolation chroot "$container" sh -c \
        'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3-numpy >/dev/null && apt-get clean && rm -rf /var/lib/apt/lists/*'
    "${tool[@]}" config --cmd python3 "$container"
    start_registry
    "${tool[@]}" commit --quiet --signature-policy <(echo '{"default":[{"type":"insecureAcceptAnything"}]}') --tls-verify=false \
        "$container" "docker://127.0.0.1:$port/python:latest" >/dev/null
}

# Debian with what real users of a file system need: compilers, databases, version control.
make_tools() {
    local tool=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs) container
    container=$("${tool[@]}" from --signature-policy <(echo '{"default":[{"type":"insecureAcceptAnything"}]}') "oci:$oci:debian")
    "${tool[@]}" run --isolation chroot "$container" sh -c \
        'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends git gcc libc6-dev make \
            sqlite3 postgresql stress-ng attr >/dev/null && apt-get clean && rm -rf /var/lib/apt/lists/*'
    start_registry
    "${tool[@]}" commit --quiet --signature-policy <(echo '{"default":[{"type":"insecureAcceptAnything"}]}') --tls-verify=false \
        "$container" "docker://127.0.0.1:$port/tools:latest" >/dev/null
}

# Two layers of everything that is hard to get right, written by GNU tar; and what must come out.
make_strange() {
    local one=$work/one two=$work/two want=$work/want long
    long=$(printf 'l%.0s' $(seq 255))
    mkdir -p "$one/data" "$two/data"
    (
        cd "$one/data"
        mkdir opaque replaced-by-file gone kept shared deep; echo o >opaque/old; echo r >replaced-by-file/x; echo g >gone/x
        echo k >kept/file; echo linked >shared/a; ln shared/a shared/b; ln shared/a shared/c; ln -s ../kept/file shared/link
        ln -s "$long" shared/long-target; ln -s /no/such/place shared/dangling
        echo "long name" >"$long"; d=deep; for _ in $(seq 20); do d=$d/directory-of-some-length; done; mkdir -p "$d"; echo deep >"$d/end"
        echo bytes >$'\xff\xfe\x80'; echo newline >$'new\nline'; echo space >' leading and trailing '; echo star >'*'; echo back >'a\b'
        echo file >replaced-by-directory; : >empty; mkfifo pipe; chmod 4755 kept/file; chmod 1777 kept
        truncate -s 50M sparse; printf middle | dd of=sparse bs=1 seek=20000000 conv=notrunc status=none; printf end | dd of=sparse bs=1 seek=52428797 conv=notrunc status=none
        truncate -s 10M all-hole
        mknod null c 1 3; mknod disk b 7 0
        chown -R 1234:4321 shared; chown 65534:65534 empty; touch -d '1970-01-02 00:00:00 UTC' empty; touch -d '2038-01-20 00:00:00 UTC' kept/file
        command -v setfattr >/dev/null && setfattr -n user.note -v kept kept/file
        true
    )
    (
        cd "$two/data"
        mkdir opaque replaced-by-directory shared; : >opaque/.wh..wh..opq; echo n >opaque/new
        : >.wh.gone; echo f >replaced-by-file; echo d >replaced-by-directory/x; : >shared/.wh.b
        : >.wh.never-there; echo again >shared/c2; ln shared/c2 shared/c3
    )
    cp -a "$one" "$want"
    (
        cd "$want/data"
        rm -rf gone replaced-by-file replaced-by-directory shared/b opaque/*
        cp -a "$two/data/." .
        find . -name '.wh.*' -delete
        sh "$here/strange.sh" >"$cache/strange.expected"
    )
    tar -C "$one" --format=posix --xattrs --sparse --numeric-owner --sort=name -cf "$work/one.tar" data
    tar -C "$two" --format=posix --numeric-owner --sort=name -cf "$work/two.tar" data
    umoci tag --image "$oci:debian" strange
    add_layer strange "$work/one.tar"
    add_layer strange "$work/two.tar"
    push "oci:$oci:strange" strange:latest
}

# About 350 MB of gzip in three layers, from what is installed here: programs, libraries, documents.
make_bench() {
    local number
    umoci tag --image "$oci:busybox" bench
    for number in 0 1 2; do
        python3 "$here/bench_layer.py" $number 3 107000000 "$work/layer.tar" /usr/lib /usr/share /usr/bin /usr/include \
            "$(rustc --print sysroot 2>/dev/null || echo /opt)"
        add_layer bench "$work/layer.tar"
    done
    push "oci:$oci:bench" bench:latest
}

# Debian with a C compiler, git, fio and large Python packages: about 20,000 files in three layers, each what the packages
# added later change in the tree before.
make_files() {
    local root suite number=0 before="" more=""
    local tools=git,gcc,libc6-dev,fio,python3-minimal,sqlite3,libpython3-stdlib
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
    rm -rf "$cache/files"
    mkdir -p "$cache/files"
    umoci new --image "$oci:files"
    for more in "" "--include=$tools" "--include=$tools,python3-sympy,python3-numpy,python3-setuptools,python3-babel"; do
        root=$work/files-$number
        # Packages keep their documents; what differs from run to run (logs, caches) does not belong to an image.
        SOURCE_DATE_EPOCH=1700000000 mmdebstrap --quiet --variant=minbase --mode=root $more "$suite" "$root"
        rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/tmp/*
        # Compiled ahead, as an image's maker would.
        [ ! -x "$root/usr/bin/python3" ] || chroot "$root" python3 -m compileall -q /usr/lib/python3/dist-packages >/dev/null 2>&1 || true
        python3 "$here/changed.py" "$root" "$before" |
            tar -C "$root" --null --no-recursion --files-from=- --numeric-owner --format=posix -cf "$cache/files/$number.tar"
        add_layer files "$cache/files/$number.tar"
        [ -z "$before" ] || rm -rf --one-file-system "$before"
        before=$root number=$((number + 1))
    done
    umoci config --image "$oci:files" --config.cmd bash --config.env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    push "oci:$oci:files" files:latest
    rm -rf --one-file-system "$root"
}

for name in $wanted; do
    stage "$name" && continue
    say "making $name"
    began=$SECONDS making=$name
    "make_$name" </dev/null
    say "$name took $((SECONDS - began)) s"
    reached "$name"
done
echo $version >"$cache/version"
[ "$goal" != tests ] || : >"$cache/registry/complete"
