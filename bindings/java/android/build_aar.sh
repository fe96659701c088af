#!/bin/sh
# build_aar.sh NDK ANDROID_JAR OUT.aar [ABI...]: builds the AAR with the NDK in the directory NDK, against the SDK's android.jar.
#
# ABIs default to arm64-v8a, armeabi-v7a and x86_64. Needs Rust's targets for them (rustup target add aarch64-linux-android
# armv7-linux-androideabi x86_64-linux-android), perl and make to build OpenSSL into the library, and a JDK.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)

die() {
    echo "build_aar.sh: $*" >&2
    exit 1
}

[ $# -ge 3 ] || die "usage: build_aar.sh NDK ANDROID_JAR OUT.aar [ABI...]"
ndk=$(cd "$1" && pwd)
android_jar=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
aar=$3
shift 3
[ $# -gt 0 ] || set -- arm64-v8a armeabi-v7a x86_64

api=21 # minSdkVersion of the manifest
for tools in "$ndk"/toolchains/llvm/prebuilt/*/bin; do break; done
[ -d "$tools" ] || die "no toolchains/llvm/prebuilt/*/bin in $ndk"

parts=$(mktemp -d)
trap 'rm -r "$parts"' EXIT
"$here/classes.sh" "$android_jar" "$parts/classes.jar"

for abi in "$@"; do
    case $abi in
    arm64-v8a) target=aarch64-linux-android triple=aarch64-linux-android ;;
    armeabi-v7a) target=armv7-linux-androideabi triple=armv7a-linux-androideabi ;;
    x86_64) target=x86_64-linux-android triple=x86_64-linux-android ;;
    *) die "unknown ABI: $abi" ;;
    esac
    clang=$tools/$triple$api-clang
    [ -x "$clang" ] || die "no $clang"
    lower=$(echo "$target" | tr - _)
    upper=$(echo "$lower" | tr a-z A-Z)
    libraries=$parts/jni/$abi
    mkdir -p "$libraries"

    # Devices with pages of 16 KiB load only libraries with this alignment.
    page=-Wl,-z,max-page-size=16384
    (cd "$root" && env ANDROID_NDK_ROOT="$ndk" PATH="$tools:$PATH" "CC_$lower=$clang" "AR_$lower=$tools/llvm-ar" \
        "CARGO_TARGET_${upper}_LINKER=$clang" \
        "CARGO_TARGET_${upper}_RUSTFLAGS=-Clink-arg=$page" \
        "${CARGO:-cargo}" clib --release --features vendored --target "$target" --target-dir "$parts/target")
    cp "$parts/target/$target/release/libegret_ws.so" "$libraries"
    "$clang" -std=c99 -O2 -Wall -Wextra -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
        -shared -fPIC -fvisibility=hidden -s "$page" -Wl,-z,relro,-z,now -I"$root/include" \
        "$here"/../jni/*.c -o "$libraries/libegret_ws_jni.so" -Wl,-soname,libegret_ws_jni.so -L"$libraries" -legret_ws
done

READELF=$tools/llvm-readelf "$here/pack_aar.sh" "$parts/classes.jar" "$parts/jni" "$aar"
