#!/bin/sh
# build_aar.sh NDK ANDROID_JAR OUT [ABI...]: builds the AAR and its other files, with the NDK in the directory NDK and the SDK's
# android.jar. It writes the files that pack.py lists to OUT.
#
# ABIs default to arm64-v8a, armeabi-v7a and x86_64. Needs Rust's targets for them (rustup target add aarch64-linux-android
# armv7-linux-androideabi x86_64-linux-android), a JDK (11 or newer) and Python (3.9 or newer). CFLAGS and RUSTFLAGS have their
# usual meaning. PARTS is a folder that keeps cargo's output for the next run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$here/ndk_tools.sh"

[ $# -ge 3 ] || die "usage: build_aar.sh NDK ANDROID_JAR OUT [ABI...]"
[ -f "$1/source.properties" ] || die "NDK is not the folder of an NDK: '$1' has no source.properties; one is ANDROID_HOME/ndk/VERSION"
ndk=$(cd "$1" && pwd)
android_jar=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
out=$3
shift 3
[ $# -gt 0 ] || set -- arm64-v8a armeabi-v7a x86_64

if [ -n "${PARTS:-}" ]; then
    mkdir -p "$PARTS"
    parts=$(cd "$PARTS" && pwd)
    rm -rf "$parts/jni" "$parts/symbols" "$parts/javadoc"
else
    parts=$(mktemp -d)
    trap 'rm -r "$parts"' EXIT
fi
sed -n 's/^Pkg.Revision *= *\([0-9]*\).*/\1/p' "$ndk/source.properties" >"$parts/ndk"
[ -s "$parts/ndk" ] || die "no Pkg.Revision in $ndk/source.properties"

for abi in "$@"; do
    "$here/build_library.sh" "$ndk" "$abi" "$parts"
    find_tools "$ndk" "$abi"
    shim=$parts/symbols/$abi/libegret_ws_jni.so
    # shellcheck disable=SC2086 # a list of words
    "$clang" -std=c99 -O2 -g -Wall -Wextra -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
        ${CFLAGS:-} -shared -fPIC -fvisibility=hidden $link_flags -I"$root/include" \
        "$here"/../jni/*.c -o "$shim" -Wl,-soname,libegret_ws_jni.so -L"$parts/jni/$abi" -legret_ws
    "$tools/llvm-strip" --strip-all -o "$parts/jni/$abi/libegret_ws_jni.so" "$shim"
    "$here/check_so.py" --abi "$abi" --exports JNI_OnLoad --beside "$parts/jni/$abi/libegret_ws.so" "$parts/jni/$abi/libegret_ws_jni.so"
done

"$here/classes.sh" "$android_jar" "$parts/classes.jar"
"$here/javadoc.sh" "$android_jar" "$parts/javadoc"
cp "$root/packaging/notices/android.txt" "$parts/notices.txt"
"$here/pack.py" "$parts" "$out"
