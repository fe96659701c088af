#!/usr/bin/env bash
# android.sh DIST [ABI...]: makes the AAR, a Maven repository that contains it, and its symbols, in the folder android.
#
# With an NDK and an SDK (ANDROID_NDK_ROOT, ANDROID_HOME) the files can be shipped in an app. Without them the libraries are linked
# against stubs of Android's libraries (tests/java/ndk.sh), with all checks of an NDK build. Such an AAR has never run.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$root/packaging/android/toolchain.sh"
[ $# -ge 1 ] || die "usage: android.sh DIST [ABI...]"
out=$1/android
work=$build_dir/android
mkdir -p "$work"
rm -rf "$out"
command -v javac >/dev/null || cannot "javac is missing (Debian: openjdk-17-jdk-headless)"

android_toolchain "$work"
if [ -n "${ANDROID_NDK_ROOT:-}" ]; then
    android_jar=$(find "${ANDROID_HOME:?ANDROID_NDK_ROOT is set, so ANDROID_HOME must be the SDK}/platforms" -name android.jar | sort -V | tail -n 1)
    [ -n "$android_jar" ] || die "no platforms/*/android.jar in $ANDROID_HOME"
else
    android_jar=$("$root/tests/java/android.sh" "$cache_dir")/android.jar
fi

PARTS=$work/parts CARGO=$work/cargo RUSTFLAGS="${rustflags[*]}" \
    CFLAGS="-Werror -ffile-prefix-map=$root=/egret-ws -ffile-prefix-map=$build_dir=/build -ffile-prefix-map=$cache_dir=/cache" \
    "$root/bindings/java/android/build_aar.sh" "$ndk" "$android_jar" "$out" "${@:2}"
if [ -z "${ANDROID_NDK_ROOT:-}" ]; then
    cat >"$out/NOT-RUN.txt" <<-'TEXT'
	The libraries in this AAR were linked without an NDK, against stubs with the names of the functions that Android 5.0 has. Their exports,
	undefined symbols, alignment and relocations were checked. They have not run on any device. Build the AAR that you ship with an NDK:
	set ANDROID_NDK_ROOT and ANDROID_HOME, and run "make dist PARTS=android".
	TEXT
    echo "CANNOT: the AAR was linked against stubs of Android's libraries and has not run: set ANDROID_NDK_ROOT and ANDROID_HOME"
fi
made android/
