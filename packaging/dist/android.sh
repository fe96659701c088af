#!/usr/bin/env bash
# android.sh DIST [ABI...]: the AAR, a repository of Maven with it, and its symbols, in the folder android.
#
# With an NDK and an SDK (ANDROID_NDK_ROOT, ANDROID_HOME) they are what an app ships. Without them the libraries are linked against stubs
# of Android's libraries (tests/java/ndk.sh), and checked as those of an NDK are. Such an AAR has never run.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -ge 1 ] || die "usage: android.sh DIST [ABI...]"
out=$1/android
work=$build_dir/android
options=()
mkdir -p "$work"
rm -rf "$out"
command -v javac >/dev/null || cannot "javac is missing (Debian: openjdk-17-jdk-headless)"

if [ -n "${ANDROID_NDK_ROOT:-}" ]; then
    ndk=$ANDROID_NDK_ROOT
    android_jar=$(find "${ANDROID_HOME:?ANDROID_NDK_ROOT is set, so ANDROID_HOME must be the SDK}/platforms" -name android.jar | sort -V | tail -n 1)
    [ -n "$android_jar" ] || die "no platforms/*/android.jar in $ANDROID_HOME"
    std=()
    reproducible_flags
else
    for tool in "clang-$llvm" "ld.lld-$llvm" "llvm-strip-$llvm"; do
        command -v "$tool" >/dev/null || cannot "no NDK (ANDROID_NDK_ROOT, ANDROID_HOME), and no $tool to link against stubs (Debian: clang-$llvm lld-$llvm llvm-$llvm)"
    done
    [ -f /usr/include/android/nativehelper/jni.h ] || cannot "no NDK (ANDROID_NDK_ROOT, ANDROID_HOME), and no jni.h of Android (Debian: android-libnativehelper-dev)"
    [ -x /usr/bin/cargo ] || cannot "no NDK (ANDROID_NDK_ROOT, ANDROID_HOME), and no Rust of Debian (rustc-web cargo-web rust-web-src)"
    ndk=$("$root/tests/java/ndk.sh" "$cache_dir")
    android_jar=$("$root/tests/java/android.sh" "$cache_dir")/android.jar
    # Rust's library is compiled from its sources, with the levels of optimisation of rustup's: for speed, but for what prints backtraces.
    std=(-Zbuild-std=std,panic_unwind)
    reproducible_flags
    options=("${std[@]}")
    if [ -z "$quick" ]; then
        for crate in addr2line adler2 gimli miniz_oxide object rustc-demangle; do options+=(--config "profile.android.package.$crate.opt-level='s'"); done
        for crate in core alloc std std_detect hashbrown memchr panic_unwind; do options+=(--config "profile.android.package.$crate.opt-level=3"); done
    fi
    export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc
fi
[ -z "$quick" ] || options+=(--config profile.android.opt-level=0 --config 'profile.android.lto="off"' --config profile.android.codegen-units=256
    --config profile.android.package.egret-ws.opt-level=0)
{
    echo '#!/bin/sh'
    # shellcheck disable=SC2016 # for the script
    printf 'case $1 in rustc) set -- "$@" --locked'
    [ ${#options[@]} -eq 0 ] || printf ' %q' "${options[@]}"
    echo ' ;; esac'
    if [ ${#std[@]} -eq 0 ]; then echo 'exec cargo "$@"'; else echo 'exec /usr/bin/cargo "$@"'; fi
} >"$work/cargo"
chmod +x "$work/cargo"

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
