# Counting and printing for tests/run. Sourced, never run.
#
# A line of "$report/results" is: status<TAB>part<TAB>test[<TAB>reason]; status is passed, failed, unsteady or skipped. Tests that
# skip append their own lines to the file named by CORACLE_TEST_SKIPS (see tests/support/mod.rs), since the standard test
# harness knows no skipping at run time and counts them as passed. A test that failed and passed when it was run once more
# is unsteady: told in a section of its own, and a failure where CORACLE_TEST_STEADY is set.

report_open() { report=$1; : >"$report/results"; report_began=$SECONDS; }

section() { printf '\n=== %s (%ss)\n' "$*" "$((SECONDS - report_began))"; }

passed() { printf 'passed\t%s\t%s\n' "$1" "${2:-$1}" >>"$report/results"; }
failed() { printf 'failed\t%s\t%s\n' "$1" "${2:-$1}" >>"$report/results"; }
skipped() { printf 'skipped\t%s\t%s\t%s\n' "$1" "$1" "$2" >>"$report/results"; echo "skipped: $1: $2"; }

# step NAME COMMAND...: one check that passes when the command succeeds.
step() {
    local name=$1; shift
    section "$name: $*"
    if "$@" </dev/null; then passed "$name"; else failed "$name"; fi
}

# run_part NAME USER SCOPE: runs the test executables as USER (empty: the caller) on a host arranged as NAME says.
# SCOPE is "all", or "end-to-end" for the tests of the program as a whole.
run_part() {
    local part=$1 user=$2 scope=$3 directory=$work/$1 launch=()
    section "$part${user:+ (as $user)}"
    mkdir "$directory"; chmod 777 "$directory"
    awk -F '\t' -v scope="$scope" 'scope == "all" || $1 == "system" || $1 == "spec"' "$work/executables" >"$directory/executables"
    # A process namespace of its own: what a test leaves behind is found, and dies with it.
    [ "$(id -u)" = 0 ] && launch=(unshare --mount --pid --fork --kill-child --mount-proc --)
    CORACLE_TEST_PART=$part CORACLE_TEST_SKIPS=$directory/skips CARGO_MANIFEST_DIR=$repo \
        "${launch[@]}" "$BASH" "$here/part.sh" "$part" "$user" "$directory" "${filters[@]}" </dev/null
    report_part "$part" "$directory"
}

# Adds what part.sh left in its directory to the results.
report_part() {
    local part=$1 directory=$2 name log
    touch "$directory/skips" "$directory/notes"
    for log in "$directory"/*.log; do
        [ -e "$log" ] || continue
        name=$(basename "$log" .log)
        [ -e "${log%.log}.again" ] || : >"${log%.log}.again"
        awk -F '\t' -v part="$part" -v binary="$name" '
            FILENAME == ARGV[1] { skip[$1] = $2; next }
            FILENAME == ARGV[2] && match($0, /^test [^ ]+( - should panic)? \.\.\. /) { split($0, word, " "); current = word[2] }
            FILENAME == ARGV[2] { if (current != "" && /(^| )ok$/) { unsteady[current] = 1; current = "" } next }
            # "test a::b ... ok", the form of the standard harness; other output may stand between name and outcome.
            match($0, /^test [^ ]+( - should panic)? \.\.\. /) { split($0, word, " "); current = word[2] }
            current != "" && /(^| )ok$/ {
                id = binary "::" current
                if (id in skip) printf "skipped\t%s\t%s\t%s\n", part, id, skip[id]
                else printf "passed\t%s\t%s\n", part, id
                current = ""
            }
            current != "" && /(^| )FAILED$/ {
                printf "%s\t%s\t%s::%s\n", current in unsteady ? "unsteady" : "failed", part, binary, current
                current = ""
            }
            current != "" && /(^| )ignored(, .*)?$/ {
                reason = $0; sub(/.*ignored(, )?/, "", reason)
                printf "skipped\t%s\t%s::%s\t%s\n", part, binary, current, reason == "" ? "ignored" : reason
                current = ""
            }
            /^test result: / { closed = 1 }
            END { if (!closed) printf "failed\t%s\t%s did not finish (last test: %s)\n", part, binary, current }
        ' "$directory/skips" "${log%.log}.again" "$log" >>"$report/results"
    done
    cat "$directory/notes" >>"$report/results"
}

# Prints every skip and failure, the table of parts and the closing line; the exit status is that of the whole run.
report_close() {
    local counts strict=""
    if [ "${CI:-}" = true ]; then
        strict=$(awk -F '\t' '$1 == "skipped" && /\(Debian package / { print $2 ": " $3 ": " $4 }' "$report/results")
    fi
    section "skipped tests and why"
    awk -F '\t' '$1 == "skipped" { print "  " $2 ": " $3 ": " $4 }' "$report/results"
    if grep -q '^unsteady' "$report/results"; then
        section "unsteady tests: failed, and passed when run once more"
        awk -F '\t' '$1 == "unsteady" { print "  " $2 ": " $3 }' "$report/results"
    fi
    section "failed tests"
    awk -F '\t' '$1 == "failed" { print "  " $2 ": " $3 }' "$report/results"
    [ -n "$strict" ] && printf 'under CI=true these may not be skipped:\n%s\n' "$strict"
    section "by part"
    awk -F '\t' '{ count[$2, $1]++; if (!($2 in seen)) { seen[$2] = 1; order[++parts] = $2 } }
        END { for (i = 1; i <= parts; i++) { p = order[i]
            printf "  %-12s %5d passed %5d failed %5d skipped\n", p, count[p, "passed"], count[p, "failed"], count[p, "skipped"] } }' \
        "$report/results"
    local more=0
    [ -n "$strict" ] && more=$(printf '%s\n' "$strict" | wc -l)
    counts=$(awk -F '\t' -v more="$more" '{ count[$1]++ } END {
        printf "%d passed, %d failed, %d skipped", count["passed"], count["failed"] + more, count["skipped"] - more
        if (count["unsteady"]) printf ", %d unsteady", count["unsteady"] }' "$report/results")
    printf '\n%s\n' "$counts"
    case $counts in "0 passed"*) return 1 ;; *", 0 failed,"*) return 0 ;; *) return 1 ;; esac
}
