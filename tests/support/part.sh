#!/usr/bin/env bash
# part.sh PART USER DIRECTORY [FILTER]...: arranges this host as PART says, steps down to USER and runs the executables
# listed in DIRECTORY/executables, one log each. Called by run_part in report.sh; as root it is process 1 of a process
# namespace and lives in a mount namespace, so it may mount what it likes.
set -uo pipefail
part=$1 user=$2 directory=$3
shift 3
limit=${CORACLE_TEST_LIMIT:-900}

note() { printf '%s\t%s\t%s\n' "$1" "$part" "$2" >>"$directory/notes"; }

# Gives this namespace a /dev without one device: hide fuse, or hide net/tun.
hide_device() {
    local dev=$directory/dev entry name
    mkdir "$dev" && mount -t tmpfs -o mode=755 dev "$dev" || return 1
    for entry in /dev/*; do
        name=${entry#/dev/}
        if [ "$name" = "${1%%/*}" ]; then continue
        elif [ -L "$entry" ]; then cp -P "$entry" "$dev/$name"
        elif [ -d "$entry" ]; then mkdir "$dev/$name" && mount --rbind "$entry" "$dev/$name"
        elif [ -e "$entry" ]; then
            # A node of its own where that may be made: ptmx(4) looks for pts beside itself, not beside what is bound.
            cp -a "$entry" "$dev/$name" 2>/dev/null || { : >"$dev/$name" && mount --bind "$entry" "$dev/$name"; }
        fi
    done
    mount --move "$dev" /dev
}

case $part in
    no-fuse) hide_device fuse || { note failed "hide /dev/fuse"; exit 0; } ;;
    no-tun) hide_device net/tun || { note failed "hide /dev/net/tun"; exit 0; } ;;
esac

# The environment of a fresh login, and nothing of the caller's but what steers the tests.
if [ -n "$user" ]; then
    home=$(getent passwd "$user" | cut -d: -f6)
    step_down=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --)
    name=$user
else
    home=$directory/home; mkdir -p "$home"
    step_down=()
    name=$(id -un)
fi
environment=(env -i "HOME=$home" "USER=$name" "LOGNAME=$name" SHELL=/bin/sh LANG=C.UTF-8
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "TMPDIR=$directory/t"
    "CARGO_MANIFEST_DIR=$CARGO_MANIFEST_DIR" RUST_BACKTRACE=1)
for variable in CI CORACLE_BIN CORACLE_TEST_PART CORACLE_TEST_SKIPS CORACLE_TEST_CACHE CORACLE_TEST_LONG; do
    [ -n "${!variable:-}" ] && environment+=("$variable=${!variable}")
done
# The tests wait for half of their time, so few processors bear more of them than one each.
[ "$(nproc)" -ge 4 ] || environment+=(RUST_TEST_THREADS=4)
[ "$part" = userns ] && environment+=(unshare --user --map-root-user --mount --)
if [ "$part" = nested ]; then
    # Inside a container of coracle's own: this machine's userland, with the checkout, the program and the fixtures.
    inner=("${environment[@]}")
    outer=$directory/t/outer
    environment+=("$CORACLE_BIN" --root "$outer" --runroot "$outer/run" run --rm --privileged --network host --workdir "$CARGO_MANIFEST_DIR")
    for place in "$CARGO_MANIFEST_DIR" "$(dirname "$CORACLE_BIN")" "${CORACLE_TEST_CACHE:-}"; do
        [ -z "$place" ] || environment+=(-v "$place:$place:ro")
    done
    while IFS=$'\t' read -r _ path; do environment+=(-v "$path:$path:ro"); done <"$directory/executables"
    for device in /dev/fuse /dev/net/tun; do [ -e $device ] && environment+=(--device $device); done
    environment+=(-v "$directory:$directory" host "${inner[@]}" HOME=/root USER=root LOGNAME=root)
fi
if [ "$part" = userns ] && ! "${step_down[@]}" "${environment[@]}" true 2>/dev/null; then
    printf 'skipped\t%s\t%s\tthis machine lets %s make no user namespace\n' "$part" "$part" "$name" >>"$directory/notes"
    exit 0
fi

failed_tests='match($0, /^test [^ ]+( - should panic)? \.\.\. /) { split($0, word, " "); current = word[2] }
    current != "" && /(^| )FAILED$/ { print current; current = "" }
    /(^| )ok$/ { current = "" }'
"${step_down[@]}" mkdir -m 700 "$directory/t"
grep -v "^tmpfs /run/" /proc/self/mounts >"$directory/mounts.before"
cd "$CARGO_MANIFEST_DIR" || exit 1

while IFS=$'\t' read -r binary path; do
    echo "--- $binary ($part)"
    log=$directory/$binary.log
    timeout --kill-after=10 "$limit" "${step_down[@]}" "${environment[@]}" "$path" "$@" </dev/null 2>&1 | tee "$log" |
        grep -vE '^(running [0-9]+ tests?|)$'
    # A few that failed are run once more, alone: what passes then is told apart from what is broken (see report.sh).
    mapfile -t again < <(awk "$failed_tests" "$log")
    if [ "${CORACLE_TEST_STEADY:-}" = "" ] && [ ${#again[@]} -gt 0 ] && [ ${#again[@]} -le 3 ]; then
        echo "--- $binary ($part), once more: ${again[*]}"
        timeout --kill-after=10 "$limit" "${step_down[@]}" "${environment[@]}" "$path" --exact --test-threads=1 "${again[@]}" \
            </dev/null >"$directory/$binary.again" 2>&1
        cat "$directory/$binary.again"
    fi
done <"$directory/executables"

# Nothing may be left: no process (only where this is a process namespace), no mount, no file.
if [ $$ = 1 ]; then
    # Built-ins only: a child of this shell would count itself.
    for ((try = 0; try < 50; try++)); do
        left=""
        for file in /proc/[0-9]*/stat; do
            pid=${file#/proc/}; pid=${pid%/stat}
            [ "$pid" = 1 ] && continue
            { read -r stat <"$file"; } 2>/dev/null || continue
            case $stat in *") Z "*) continue ;; esac
            words=()
            { mapfile -d '' -t words <"/proc/$pid/cmdline"; } 2>/dev/null
            left+="  $stat: ${words[*]}"$'\n'
        done
        [ -z "$left" ] && break
        sleep 0.1
    done
    if [ -z "$left" ]; then note passed "no process is left"; else
        note failed "no process is left"; printf 'processes left by %s:\n%s\n' "$part" "$left"; fi
fi
if grep -v "^tmpfs /run/" /proc/self/mounts | cmp -s - "$directory/mounts.before"; then note passed "no mount is left"; else
    note failed "no mount is left"; diff "$directory/mounts.before" /proc/self/mounts; fi
[ "$part" = nested ] && "${step_down[@]}" rm -rf "$directory/t/outer"
left=$("${step_down[@]}" find "$directory/t" -mindepth 1 2>/dev/null | head -n 20)
if [ -z "$left" ]; then note passed "no file is left"; else
    note failed "no file is left"; printf 'files left by %s:\n%s\n' "$part" "$left"; fi
exit 0
