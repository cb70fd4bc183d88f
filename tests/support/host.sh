# Preparing the machine for tests/run, as root. Sourced, never run.

host_user="" host_plain_user=""

# What the tests compare with or build fixtures from; each is used by some test and by nothing in the product but uidmap.
host_packages="uidmap tzdata docker-registry skopeo buildah umoci mmdebstrap busybox-static podman crun fuse-overlayfs bubblewrap
    bats apache2-utils openssl python3 strace jq zstd attr libcap2-bin procps util-linux iproute2 iputils-ping
    g++ nginx-light redis-server python3-redis postgresql curl qemu-system-x86 cpio e2fsprogs xfsprogs dosfstools exfatprogs nfs-kernel-server
    containerd slurmctld slurmd slurm-client"

host_install_packages() {
    local missing=() package
    [ -e /etc/debian_version ] && command -v apt-get >/dev/null || return 0
    for package in $host_packages; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    section "installing ${missing[*]}"
    # A registry or a web server must not be started as a service just because a test wants the program.
    local policy=/usr/sbin/policy-rc.d made=false
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && made=true; }
    export DEBIAN_FRONTEND=noninteractive
    { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } </dev/null >"$work/apt.log" 2>&1 ||
        { tail -n 20 "$work/apt.log"; echo "some packages could not be installed; their tests are skipped"; }
    $made && rm -f $policy
    return 0
}

# host_make_user NAME: makes the user unless there is one.
host_make_user() {
    getent passwd "$1" >/dev/null && return 0
    command -v useradd >/dev/null || return 1
    useradd --create-home --home-dir "/home/$1" --shell /bin/sh --comment "coracle's tests" "$1"
}

# Makes one user with subordinate ids and one without, and opens the devices as ordinary distributions have them.
host_prepare_users() {
    local file
    for file in /etc/subuid /etc/subgid; do [ -e $file ] || : >$file; done
    host_make_user coracle-test && host_user=coracle-test
    host_make_user coracle-plain && host_plain_user=coracle-plain
    if [ -n "$host_user" ]; then
        for file in /etc/subuid /etc/subgid; do
            grep -q "^coracle-test:" $file || echo "coracle-test:1000000:65536" >>$file
        done
    fi
    for file in /etc/subuid /etc/subgid; do
        grep -q "^coracle-plain:" $file && sed -i '/^coracle-plain:/d' $file
    done
    [ -e /dev/fuse ] || mknod /dev/fuse c 10 229 2>/dev/null
    [ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200 2>/dev/null; }
    [ -e /dev/fuse ] && chmod 666 /dev/fuse
    [ -e /dev/net/tun ] && chmod 666 /dev/net/tun
    return 0
}

# host_readable_checkout REPO: prints a path of the checkout that the test user can read. A checkout below a closed
# directory (root's home, say) is bound to an open place in this run's own mount namespace; always the same, so that what
# was built there is not built again, and nowhere near what is deleted at the end.
host_readable_checkout() {
    if [ -z "$host_user" ] || setpriv --reuid "$host_user" --regid "$host_user" --clear-groups test -r "$1/Cargo.toml"; then
        printf '%s\n' "$1"
        return
    fi
    local place=/run/coracle-test-checkout
    mkdir -p $place && mount --bind "$1" $place && printf '%s\n' $place
}
