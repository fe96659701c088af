#!/bin/sh
# build_library.sh NDK ABI OUT: builds libegret_ws.so for one of Android's ABIs, without OpenSSL: TLS is the platform's.
#
# Writes OUT/jni/ABI/libegret_ws.so, which is stripped, and OUT/symbols/ABI/libegret_ws.so with its symbols, for crash reports. Both
# have an equal build ID. CARGO is the cargo to use; it needs Rust's target for the ABI. This script adds RUSTFLAGS to its flags.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/ndk_tools.sh"

[ $# -eq 3 ] || die "usage: build_library.sh NDK ABI OUT"
find_tools "$1" "$2"
abi=$2
mkdir -p "$3/jni/$abi" "$3/symbols/$abi"
out=$(cd "$3" && pwd)

lower=$(echo "$target" | tr - _)
upper=$(echo "$lower" | tr a-z A-Z)
# rustc links shared libraries with undefined functions without a warning; the NDK's stubs of API 21 contain all functions of
# Android 5. Equal functions are merged, and SHA-256, which is only for pins, is not unrolled. This saves 12 KB.
flags='--cfg=sha2_backend_soft="compact"'
for flag in $link_flags -Wl,--no-undefined -Wl,--icf=all; do flags="$flags -Clink-arg=$flag"; done
flags="$flags ${RUSTFLAGS:-}"
(cd "$here/../../.." && env -u RUSTFLAGS ANDROID_NDK_ROOT="$ndk" "CC_$lower=$clang" "AR_$lower=$tools/llvm-ar" \
    "CARGO_TARGET_${upper}_LINKER=$clang" "CARGO_TARGET_${upper}_RUSTFLAGS=$flags" \
    "${CARGO:-cargo}" rustc --locked --lib --crate-type cdylib --profile android --no-default-features --features deflate,idn,proxies \
    --target "$target" --target-dir "$out/target")
cp "$out/target/$target/android/libegret_ws.so" "$out/symbols/$abi"
"$tools/llvm-strip" --strip-all -o "$out/jni/$abi/libegret_ws.so" "$out/symbols/$abi/libegret_ws.so"
"$here/check_so.py" --abi "$abi" --exports "$here/../../../include/egret_ws.h" "$out/jni/$abi/libegret_ws.so"
