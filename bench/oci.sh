#!/usr/bin/env bash
# The runtime interface beside crun and runc: bench/run oci [--runs N] [--program PATH]
#
# One container of BusyBox's `sleep` after another, in turns: create, start, state, kill, delete, each as an engine would call
# it, by root. In a mount namespace of its own with control groups of version 2 alone, which is what crun and runc want.
# Prints medians in milliseconds and their sum; exits 1 when coracle is slower than crun, or not twice as fast as runc.
set -euo pipefail
program=$1 runs=${2:-0}
[ "$runs" -gt 0 ] || runs=60
for tool in crun runc busybox python3 unshare; do
    command -v $tool >/dev/null || { echo "bench/run: needs $tool (a Debian package)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir -p "$work/bundle/rootfs/bin" "$work/bundle/rootfs/proc" "$work/bundle/rootfs/dev" "$work/bundle/rootfs/sys" "$work/bin"
cp "$(command -v busybox)" "$work/bundle/rootfs/bin/busybox"
for name in sh sleep; do ln -s busybox "$work/bundle/rootfs/bin/$name"; done
ln -s "$program" "$work/bin/coracle-runtime"
(cd "$work/bundle" && runc spec)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck disable=SC2016
unshare --mount --propagation private sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' sh \
    python3 "$here/oci.py" "$work" "$runs" "coracle=$work/bin/coracle-runtime" "crun=$(command -v crun)" "runc=$(command -v runc)"
