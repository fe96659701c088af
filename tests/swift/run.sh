#!/usr/bin/env bash
# run.sh [COMMAND...]: runs the tests of bindings/swift, or another command in that folder, in the Debian of setup.sh. The command
# can use the library of this checkout and an echo server. Needs root, for chroot and mounts.
#
# With EGRET_WS_TEST_SOCKETS=100000 the leak tests take a long time.
set -euo pipefail
cd "$(dirname "$0")/../.."

EGRET_WS_SWIFT_ROOT=$(tests/swift/setup.sh)
TARGET=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export EGRET_WS_SWIFT_ROOT TARGET
read -r -a features < <(tests/tools/features.sh) || true
cargo build --locked --quiet --release --package egret-ws-tools --bin egret-ws-echo "${features[@]}"
cargo clib --quiet --release "${features[@]}"
[ $# -gt 0 ] || set -- ../../tests/swift/tests.sh
tests/tools/with_echo_server.sh "$TARGET/release/egret-ws-echo" tests/swift/inside.sh "$@"
