#!/usr/bin/env bash
# bare.sh [SUITE]: the two commands of README.md on a machine with nothing but a Rust toolchain and a C compiler, as an
# ordinary user and as root. Needs root and mmdebstrap. The machine is a fresh Debian (default: bookworm) with gcc and
# libc6-dev, entered by pivot_root; this machine's toolchain and downloaded crates are lent to it, so it needs no network.
# Builds everything from nothing: about a quarter of an hour on two cores.
set -euo pipefail
umask 022
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
suite=${1:-bookworm}
toolchain=$(rustc --print sysroot)
crates=${CARGO_HOME:-$HOME/.cargo}/registry
work=$(mktemp -d "${TMPDIR:-/var/tmp}/coracle-bare.XXXXXX")
chmod 755 "$work"
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

mmdebstrap --quiet --variant=minbase --include=gcc,libc6-dev "$suite" "$root"
git clone --quiet "$repo" "$root/srv/coracle" && rm -rf "$root/srv/coracle/.git"
mkdir -p "$root/opt/rust" "$root/opt/crates"
unshare --mount --pid --fork --kill-child --propagation private -- bash -euo pipefail -s "$root" "$toolchain" "$crates" <<'END'
root=$1 toolchain=$2 crates=$3
mount --bind "$root" "$root"
mount --bind "$toolchain" "$root/opt/rust"
mount --bind "$crates" "$root/opt/crates"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
cd "$root"
pivot_root . .
umount -l .
cd /
chmod 666 /dev/fuse /dev/net/tun 2>/dev/null || true
PATH=/usr/sbin:/usr/bin:/sbin:/bin
useradd --create-home visitor

# as USER HOME COMMAND...: in the checkout, with the crates copied to where this user may write.
as() {
    local user=$1 home=$2
    shift 2
    (cd "$home/coracle" && exec setpriv --reuid "$user" --regid "$user" --init-groups env -i HOME="$home" USER="$user" LOGNAME="$user" \
        PATH=/opt/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin CARGO_NET_OFFLINE=true LC_ALL=C.UTF-8 "$@")
}
for user in visitor root; do
    home=$(getent passwd $user | cut -d: -f6)
    mkdir -p "$home/.cargo"
    cp -a /opt/crates "$home/.cargo/registry"
    cp -a /srv/coracle "$home/coracle"
    # What the first has built serves the second, whose checkout has the same content.
    [ $user = visitor ] || mv /home/visitor/coracle/target "$home/coracle/target"
    chown -R $user:$user "$home"
    echo "=== as $user: cargo run --release -- run --rm hello"
    as $user "$home" cargo run --release -- run --rm hello
    echo "=== as $user: tests/run"
    as $user "$home" tests/run --no-install
done
END
echo "README's two commands pass on a bare $suite"
