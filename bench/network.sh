# network.sh CACHE PROGRAM RUNS: network benches side by side with slirp4netns and pasta; called by bench/run network.
#
# Debian trixie with the peers and the load generators is unpacked once below the cache. Everything runs inside it as
# one ordinary user, in a network namespace whose only interface is half a cable with the address 198.51.100.1, so that nothing of the
# machine's own network takes part. The pasta of this host is measured beside trixie's when its version differs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
if [ "${1:-}" = inside ]; then
    shift
    root=$1 program=$2 runs=$3
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    chmod 666 /dev/fuse /dev/net/tun 2>/dev/null || true
    mount -t tmpfs -o mode=755 run "$root/run"
    mount -t tmpfs -o mode=1777 tmp "$root/tmp"
    install -m 755 "$program" "$root/usr/local/bin/coracle"
    install -m 644 "$here/network.py" "$root/srv/network.py"
    if [ -x /usr/bin/pasta ]; then
        mkdir -p "$root/opt/host"
        cp -L /usr/bin/pasta* "$root/opt/host/"
    fi
    printf 'nameserver 198.51.100.53\n' >"$root/etc/resolv.conf"
    mkdir -p "$root/run/user/4242"
    chown -R 4242:4242 "$root/run/user/4242"
    ip link set lo up
    ip link add host0 type veth peer name wire0
    ip addr add 198.51.100.1/24 dev host0
    ip -6 addr add 2001:db8::1/64 dev host0 nodad
    ip link set host0 up
    ip link set wire0 up
    ip route add default via 198.51.100.254
    ip -6 route add default via 2001:db8::fe
    cd "$root"
    pivot_root . .
    umount -l .
    cd /home/bench
    # Sizes of processes that their user may not look into: the container's network has given up being looked into.
    python3 /srv/network.py sizes </dev/null >/dev/null 2>&1 &
    exec setpriv --reuid 4242 --regid 4242 --init-groups env -i HOME=/home/bench USER=bench LOGNAME=bench LC_ALL=C.UTF-8 \
        PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin XDG_RUNTIME_DIR=/run/user/4242 \
        CORACLE_BENCH_ONLY="${CORACLE_BENCH_ONLY:-}" CORACLE_BENCH_SECONDS="${CORACLE_BENCH_SECONDS:-1}" python3 /srv/network.py "$runs"
fi

cache=$1 program=$2 runs=$3
root=$cache/trixie-network
if [ ! -e "$root.complete" ]; then
    echo "unpacking Debian trixie with passt, slirp4netns, iperf3, wrk and nginx"
    rm -rf --one-file-system "$root"
    mmdebstrap --quiet --variant=minbase --include=passt,slirp4netns,iperf3,wrk,nginx-light,python3,uidmap,procps,iproute2 trixie "$root"
    : >"$root.complete"
fi
grep -q '^bench:' "$root/etc/passwd" || useradd --root "$root" --create-home --uid 4242 bench
printf 'bench:2000000:65536\n' | tee "$root/etc/subuid" >"$root/etc/subgid"
exec unshare --mount --pid --net --fork --kill-child --propagation private -- \
    bash "$here/network.sh" inside "$root" "$program" "$runs"
