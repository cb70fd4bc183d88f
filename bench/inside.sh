# inside.sh ROOT PROGRAM CACHE BENCH PEER SCRIPT ARGUMENT...: enters ROOT and runs BENCH/SCRIPT there as the user `bench`.
# Called by bench/run as process 1 of a process namespace, in a mount namespace.
set -euo pipefail
root=$1 program=$2 cache=$3 bench=$4 peer=$5 script=$6
shift 6

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
# The peers know no mixed cgroup layout; the unified tree alone is what an ordinary distribution has.
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" 2>/dev/null || true
mount --rbind /dev "$root/dev"
chmod 666 /dev/fuse /dev/net/tun 2>/dev/null || true
cp /etc/resolv.conf "$root/etc/resolv.conf"
install -m 755 "$program" "$root/usr/local/bin/coracle"
install -m 644 "$bench"/*.py "$root/srv/"
rm -rf "$root/home/bench/bundle"
mkdir -p "$root/home/bench/bundle" "$root/run/user/4242"
cp -a "$cache/bundle/rootfs" "$root/home/bench/bundle/rootfs"
# A fresh login: what an earlier run left there names processes of a namespace that is gone.
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mkdir -p "$root/run/user/4242"
if [ "$script" != measure.py ]; then
    # Not below the home directory: what is unpacked here belongs to subordinate ids and stays for the next run.
    # A file system of its own, with a journal: ext4 without one, as some virtual machines have, looks at every inode that was
    # deleted in the last minutes each time it makes a file, so the order of rows would be measured.
    mkdir -p "$root/srv/files"
    if [ ! -e "$root/srv/files.ext4" ]; then
        rm -rf --one-file-system "${root:?}/srv/files"/*
        truncate -s 16G "$root/srv/files.new"
        mkfs.ext4 -q -F -N 500000 -E lazy_itable_init=0,lazy_journal_init=0 "$root/srv/files.new"
        mv "$root/srv/files.new" "$root/srv/files.ext4"
    fi
    if device=$(losetup --find --show --direct-io=on "$root/srv/files.ext4") && mount "$device" "$root/srv/files"; then
        losetup --detach "$device" # when it is unmounted
    else
        echo "  no loop device: measured on the disk's own file system"
    fi
    mkdir -p "$root/srv/files/tars"
    [ ! -d "$cache/files" ] || mount --bind "$cache/files" "$root/srv/files/tars"
    [ ! -e "$peer" ] || install -m 755 "$peer" "$root/usr/local/bin/fuse-overlayfs-2"
    install -m 644 "$bench/worker.py" "$root/srv/files/"
    chown 4242:4242 "$root/srv/files"
fi
chown -R 4242:4242 "$root/home/bench" "$root/run/user/4242"
chmod 700 "$root/run/user/4242"
cd "$root"
pivot_root . .
umount -l .
# What takes root between measurements: caches dropped, writes on disk, a process's memory.
mkdir /run/bench
mkfifo -m 666 /run/bench/ask /run/bench/done
while read -r word process </run/bench/ask; do
    if [ "$word" = memory ]; then
        { cat "/proc/$process/smaps_rollup" 2>/dev/null || true; } >/run/bench/done
        continue
    fi
    sync
    [ "$word" != drop ] || echo 3 >/proc/sys/vm/drop_caches
    : >/run/bench/done
done &
cd /home/bench
exec setpriv --reuid 4242 --regid 4242 --init-groups env -i HOME=/home/bench USER=bench LOGNAME=bench LC_ALL=C.UTF-8 \
    PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin XDG_RUNTIME_DIR=/run/user/4242 python3 "/srv/$script" "$@"
