#!/usr/bin/env bash
# cost.sh: counts the instructions for a message of 64 bytes to an echo server and for its echo, including the instructions of the
# library. It compares C and the styles of the Swift binding. run.sh calls it: tests/swift/run.sh ../../tests/swift/cost.sh (needs
# valgrind inside the Debian).
set -eu
cd "$(dirname "$0")"
command -v valgrind >/dev/null || { apt-get update && apt-get install -y --no-install-recommends valgrind libc6-dbg; } >&2
swift build -c release --package-path cost --scratch-path /target/swift-cost -Xlinker -L/target/release >&2
# Use the clang of the Swift toolchain.
"$(dirname "$(readlink -f "$(command -v swiftc)")")/clang" -O2 -I../../include ../cpp/cost/cost.c -L/target/release -legret_ws -o /tmp/cost

count() { # MESSAGES PROGRAM [STYLE]
    messages=$1 program=$2
    shift 2
    valgrind --tool=callgrind --callgrind-out-file=/tmp/callgrind "$program" "$messages" "$EGRET_WS_TEST_URL" "$@" \
        >/tmp/out 2>&1 || { cat /tmp/out >&2; exit 1; }
    sed -n 's/^summary: //p; s/^totals: //p' /tmp/callgrind | head -n 1
}
# The difference between two runs does not include the start and the end of the program.
cost() { echo "$1 $((($(count 1500 "$2" ${3:-}) - $(count 500 "$2" ${3:-})) / 1000))"; }
swift=/target/swift-cost/release/cost
echo "Instructions:"
cost C /tmp/cost
for style in bytes message delegate; do cost "$style" $swift $style; done

# callgrind fails with the threads of Swift's tasks, so the time is measured instead.
messages=20000
TIMEFORMAT="$messages messages took %R s, %U s of user CPU time and %S s of kernel CPU time"
echo "Time:"
echo -n "C: " && time /tmp/cost $messages "$EGRET_WS_TEST_URL" >/dev/null
for style in bytes async; do echo -n "$style: " && time $swift $messages "$EGRET_WS_TEST_URL" $style >/dev/null; done
