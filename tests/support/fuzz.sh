# The fuzz targets in CI: all are built, and those that read packets and messages run for a bounded time. Sourced, never run.

# Seconds that each runs for; two at once.
fuzz_seconds=${CORACLE_TEST_FUZZ_SECONDS:-10}
fuzz_targets="network_frames name_server client_hello egress messages"

fuzz_part() {
    local host target_name place=$work/fuzz step_down=()
    section "fuzz"
    command -v c++ >/dev/null || { skipped fuzz "needs a C++ compiler for libFuzzer (Debian package g++)"; return; }
    host=$(rustc -vV | sed -n 's/^host: //p')
    if ! cargo fetch --quiet --locked --manifest-path fuzz/Cargo.toml --target "$host" </dev/null; then
        skipped fuzz "the crates of fuzz/Cargo.lock cannot be fetched here"
        return
    fi
    # Beside the tests' own build, whose dependencies it shares.
    if ! (cd fuzz && CARGO_TARGET_DIR=$target RUSTC_WRAPPER=$here/fuzz_rustc cargo build --locked --bins --message-format=json \
        </dev/null >"$work/fuzz.json" 2>"$work/fuzz.err"); then
        tail -n 40 "$work/fuzz.err"
        failed fuzz "cargo build in fuzz/"
        return
    fi
    passed fuzz "all targets are built"
    mkdir "$place" && chmod 777 "$place" && (cd "$place" && sh "$repo/fuzz/seeds" 2>/dev/null)
    [ -z "$host_user" ] || step_down=(setpriv --reuid "$host_user" --regid "$host_user" --clear-groups --)
    for target_name in $fuzz_targets; do
        mkdir -p "$place/corpus/$target_name" "$place/found/$target_name"
        chmod -R a+rwX "$place/corpus/$target_name" "$place/found/$target_name"
        grep -o "\"executable\":\"[^\"]*/$target_name\"" "$work/fuzz.json" | cut -d'"' -f4 | tail -n 1 >"$place/$target_name.path"
    done
    printf '%s\n' $fuzz_targets | xargs -P 2 -I{} sh -c '
        place=$1 name=$2 seconds=$3; shift 3
        timeout --kill-after=10 $((seconds + 120)) "$@" "$(cat "$place/$name.path")" -max_total_time="$seconds" -max_len=8192 -timeout=60 \
            -rss_limit_mb=2048 -artifact_prefix="$place/found/$name/" -print_final_stats=1 "$place/corpus/$name" \
            </dev/null >"$place/$name.log" 2>&1
        echo $? >"$place/$name.status"' sh "$place" {} "$fuzz_seconds" "${step_down[@]}"
    for target_name in $fuzz_targets; do fuzz_result "$target_name"; done
}

# fuzz_result TARGET: an input that a target did not bear is shown, so that it can be tried elsewhere.
fuzz_result() {
    local name=$1 log=$work/fuzz/$1.log input runs
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ "$(cat "$work/fuzz/$name.status")" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
        echo "$name: $runs inputs"
        passed fuzz "$name"
        return
    fi
    tail -n 40 "$log"
    for input in "$work/fuzz/found/$name"/*; do
        [ ! -e "$input" ] || { echo "input, in base64:"; base64 "$input"; }
    done
    failed fuzz "$name"
}
