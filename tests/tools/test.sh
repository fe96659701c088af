#!/usr/bin/env bash
# test.sh: runs every check of the project. It continues after a failure, and at the end prints the sum of cargo's counts.
#
# It leaves out only the steps that SKIP names: SKIP="autobahn tsan".
#
# The optimised library, the libraries with sanitizers, and those for other systems have their own target directories. They are built
# and tested in the background, because the other tests wait most of the time.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
source tests/tools/skip.sh

tests/tools/setup.sh test || exit

read -r -a features < <(tests/tools/features.sh) || true
read -r -a small < <(tests/tools/features.sh small) || true
# The library, and the programs that are installed with it.
packages=(--package egret-ws --package egret-ws-tools)

scratch=$(mktemp -d)
background_group=""
trap '[ -z "$background_group" ] || kill -- "-$background_group" 2>/dev/null; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

step() { # NAME COMMAND...
    local name=$1 status=0 start=$SECONDS log=$scratch/$1.log p f i s
    shift
    printf '\n=== %s: %s\n' "$name" "$*"
    "$@" 2>&1 | tee "$log" || status=1
    printf -- '--- %s: %d s\n' "$name" $((SECONDS - start))
    # test result: ok. 12 passed; 0 failed; 0 ignored; ...
    read -r p f i < <(awk '/^test result: / { p += $4; f += $6; i += $8 } END { print p + 0, f + 0, i + 0 }' "$log")
    # A cargo test --locked that SKIP names passes, and prints a line that says so.
    s=$(grep -o '^SKIPPED: ' "$log" | wc -l)
    echo "$name $status $((p - s)) $f $((i + s))" >>"$scratch/counts"
}

optional() { # NAME COMMAND...
    if skipped "$1"; then echo "$1 0 0 0 1" >>"$scratch/counts"; else step "$@"; fi
}

links_for_other_systems() {
    optional apple tests/tools/apple.sh
    optional android tests/tools/android_link.sh
}
background() {
    # The compiler uses the CPU time that the tests leave.
    export RUSTC_WRAPPER=${RUSTC_WRAPPER:-nice}
    links_for_other_systems >"$scratch/links" 2>&1 &
    step release make --no-print-directory check-release
    optional js python3 benches/lab/js.py --check "${features[@]}"
    optional asan tests/tools/sanitizer.sh asan
    optional tsan tests/tools/sanitizer.sh tsan
    wait
    cat "$scratch/links"
}

printf '\n=== in the background, with the output at the end: release js asan tsan apple android\n'
# The background part is a separate process group, so that all its processes can be ended together.
set -m
background >"$scratch/background" 2>&1 </dev/null &
background_group=$!
set +m

step format cargo fmt --check "${packages[@]}"
step format-peers cargo fmt --check --manifest-path benches/lab/peers/Cargo.toml
step msrv tests/tools/msrv.py
step lint cargo clippy --locked "${packages[@]}" --all-targets "${features[@]}" -- -D warnings
# The library without any optional feature, with TLS only, and with all features except TLS.
step lint-small cargo clippy --locked --all-targets --no-default-features "${small[@]}" -- -D warnings
step lint-tls cargo clippy --locked --no-default-features --features tls "${features[@]}" -- -D warnings
step lint-no-tls cargo clippy --locked --no-default-features --features deflate,idn,proxies -- -D warnings
# The explorations take long, and do not depend on a feature.
step tests-small cargo test --locked --lib --no-default-features "${small[@]}" -- --skip exploration --skip thundering_herd
step pages make --no-print-directory check-docs
step docs env RUSTDOCFLAGS=-Dwarnings cargo doc --locked --no-deps "${packages[@]}" "${features[@]}"
# The tests wait most of the time, so more of them run than there are cores.
step tests env RUST_TEST_THREADS=$((2 * $(nproc))) cargo test --locked "${packages[@]}" --no-fail-fast "${features[@]}"

wait "$background_group" || echo "background 1 0 0 0" >>"$scratch/counts"
background_group=""
cat "$scratch/background"
# This runs alone, because the threaded driver's counts depend on the load.
optional instructions python3 benches/lab/instructions.py --quick "${features[@]}"

passed=0 failed=0 skipped=0 failed_steps=""
while read -r name status p f s; do
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$status" -ne 0 ] || continue
    failed_steps+=" $name"
    # A step can fail although no test failed, because of a warning or a crash. That counts as one failure.
    [ "$f" -gt 0 ] || failed=$((failed + 1))
done <"$scratch/counts"
echo
for name in ${SKIP:-}; do echo "SKIPPED: $name (named in SKIP)"; done
for name in $failed_steps; do echo "FAILED: $name"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
