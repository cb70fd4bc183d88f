#!/usr/bin/env bash
# exercisers.sh DRIVER...: runs pjdfstest (POSIX, 398 cases) and fsx (one file, 20,000 operations) in a container under each
# storage driver, as the caller. Not part of tests/run, since both come from crates.io.
#
# Needs a Debian image called `tools` in the store of $CORACLE (tests/support/fixtures.sh makes it; pull it from the cache's
# registry). Device nodes are what no user namespace may make: the cases ::char and ::block fail everywhere, and are counted apart.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
coracle=${CORACLE:-coracle} tools=${TOOLS:-$repo/target/tools} image=${IMAGE:-tools}
[ $# -gt 0 ] || { echo "usage: exercisers.sh DRIVER..." >&2; exit 2; }

# Installed from elsewhere: this package's settings would link them statically, and users are looked up by name.
for crate in pjdfstest fsx; do
    [ -x "$tools/bin/$crate" ] || (cd / && cargo install --locked --root "$tools" $crate)
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$tools/bin/pjdfstest" "$tools/bin/fsx" "$work/"
cat >"$work/pjdfstest.toml" <<'END'
[features]
posix_fallocate = {}
[settings]
naptime = 0.01
allow_remount = false
[dummy_auth]
entries = [["nobody", "nogroup"], ["daemon", "daemon"]]
END
printf '[weights]\ntruncate = 10\ninvalidate = 1\nmapread = 10\nmapwrite = 10\npunch_hole = 3\nfsync = 2\n' >"$work/fsx.toml"
chmod -R a+rX "$work"

status=0
for driver in "$@"; do
    run=("$coracle" run --rm --network none --storage-driver "$driver" -v "$work:/x:ro" "$image" sh -c)
    "${run[@]}" 'mkdir /var/x; chmod 777 /var/x; cd /var/x; /x/pjdfstest -c /x/pjdfstest.toml -p /var/x' >"$work/log" 2>&1 </dev/null || true
    sed 's/  *FAILED$/ FAILED/' "$work/log" | awk -v driver="$driver" '
        / FAILED$/ { if ($1 ~ /::(char|block)$/) devices++; else { others++; print driver ": " $1 } }
        /^Summary/ { summary = $0 }
        END { print driver ": pjdfstest: " summary " (" devices + 0 " want device nodes, " others + 0 " others)"; exit summary == "" || others > 0 }' || status=1
    if "${run[@]}" 'cd /var && /x/fsx -q -f /x/fsx.toml -N 20000 -S 7 file' </dev/null; then echo "$driver: fsx: 20000 operations passed"
    else echo "$driver: fsx failed"; status=1; fi
done
exit $status
