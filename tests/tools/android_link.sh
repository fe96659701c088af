#!/usr/bin/env bash
# android_link.sh: the short form of `make test-android`: the library links for arm64, not optimised, against stubs of Android's libraries,
# and passes the checks. It is linked, never run.
set -euo pipefail
cd "$(dirname "$0")/../.."
export EGRET_WS_DIST_QUICK=1
. packaging/dist/common.sh
. packaging/android/toolchain.sh
work=$target_dir/android-link
mkdir -p "$work"
android_toolchain "$work"
CARGO=$work/cargo RUSTFLAGS="${rustflags[*]}" bindings/java/android/build_library.sh "$ndk" arm64-v8a "$work"
echo "linked for Android: $(stat -c %s "$work/jni/arm64-v8a/libegret_ws.so") bytes"
