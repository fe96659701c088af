#!/usr/bin/env bash
# android.sh [ABI...]: links Android's library with the script of the AAR, checks it and its size, and packs the AAR.
#
# There is no NDK: see tests/java/ndk.sh. Rust's library is compiled from its sources, as that of rustup is compiled. The JNI shim is C
# and cannot be linked: it is compiled with Android's jni.h and musl's other headers, without output, and the AAR lacks it.
set -euo pipefail
cd "$(dirname "$0")/../.."
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
scripts=bindings/java/android
[ $# -gt 0 ] || set -- arm64-v8a armeabi-v7a x86_64

# Stripped, in bytes: what an app gets.
declare -A limits=([arm64-v8a]=1150000 [armeabi-v7a]=850000)

ndk=$(tests/java/ndk.sh "$target_dir/tmp")
android_jar=$(tests/java/android.sh "$target_dir/tmp")/android.jar
out=$target_dir/android
mkdir -p "$out/parts"
rm -rf "$out"/parts/{jni,symbols,javadoc}
# The levels of rustup's: for speed, but for what prints backtraces.
std=""
for crate in addr2line adler2 gimli miniz_oxide object rustc-demangle; do std+=" --config profile.android.package.$crate.opt-level='\"s\"'"; done
for crate in core alloc std std_detect hashbrown memchr panic_unwind; do std+=" --config profile.android.package.$crate.opt-level=3"; done
cat >"$out/cargo" <<CARGO
#!/bin/sh
case \$1 in rustc) set -- "\$@" -Zbuild-std=std,panic_unwind $std ;; esac
exec /usr/bin/cargo "\$@"
CARGO
chmod +x "$out/cargo"
export CARGO=$out/cargo RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc

failed=""
for abi in "$@"; do
    "$scripts/build_library.sh" "$ndk" "$abi" "$out/parts"
    size=$(stat -c %s "$out/parts/jni/$abi/libegret_ws.so")
    echo "$abi: $size bytes"
    [ "$size" -le "${limits[$abi]:-$size}" ] || failed+=" $abi has $size bytes, more than ${limits[$abi]};"
    # shellcheck disable=SC1091
    (. "$scripts/ndk_tools.sh" && find_tools "$ndk" "$abi" && clang-22 --target="$triple$api" -fsyntax-only -std=c99 -O2 -Wall -Wextra -Werror \
        -D_POSIX_C_SOURCE=200809L -nostdinc -isystem "$(clang-22 -print-resource-dir)/include" -isystem "$ndk/musl/$abi" \
        -isystem /usr/include/android/nativehelper -Iinclude bindings/java/jni/*.c)
done

echo 0 >"$out/parts/ndk"
"$scripts/classes.sh" "$android_jar" "$out/parts/classes.jar"
"$scripts/javadoc.sh" "$android_jar" "$out/parts/javadoc"
cp packaging/notices/android.txt "$out/parts/notices.txt"
"$scripts/pack.py" "$out/parts" "$out/aar"
[ -z "$failed" ] || { echo "android.sh:$failed see docs/size.md" >&2 && exit 1; }
