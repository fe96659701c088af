# Scripts source this file after packaging/dist/common.sh, in bash. It provides the compilers for Android.

# android_toolchain WORK: sets `rustflags`, and sets `ndk` to the NDK of ANDROID_NDK_ROOT. Without an NDK, `ndk` is a folder with
# stubs of Android's libraries (tests/java/ndk.sh). WORK/cargo becomes the cargo that build_library.sh uses.
android_toolchain() {
    local crate std options=()
    if [ -n "${ANDROID_NDK_ROOT:-}" ]; then
        ndk=$ANDROID_NDK_ROOT
        std=()
    else
        for tool in "clang-$llvm" "ld.lld-$llvm" "llvm-strip-$llvm"; do
            command -v "$tool" >/dev/null || cannot "no NDK (ANDROID_NDK_ROOT, ANDROID_HOME), and no $tool to link against stubs (Debian: clang-$llvm lld-$llvm llvm-$llvm)"
        done
        [ -f /usr/include/android/nativehelper/jni.h ] || cannot "no NDK (ANDROID_NDK_ROOT, ANDROID_HOME), and no jni.h of Android (Debian: android-libnativehelper-dev)"
        [ -x /usr/bin/cargo ] || cannot "no NDK (ANDROID_NDK_ROOT, ANDROID_HOME), and no Rust of Debian (rustc-web cargo-web rust-web-src)"
        ndk=$("$root/tests/java/ndk.sh" "$cache_dir")
        # Rust's library is compiled from its sources, with the optimisation levels of rustup's library: for speed, except the
        # code that prints
    # backtraces.
        std=(-Zbuild-std=std,panic_unwind)
        options=("${std[@]}")
        if [ -z "$quick" ]; then
            for crate in addr2line adler2 gimli miniz_oxide object rustc-demangle; do options+=(--config "profile.android.package.$crate.opt-level='s'"); done
            for crate in core alloc std std_detect hashbrown memchr panic_unwind; do options+=(--config "profile.android.package.$crate.opt-level=3"); done
        fi
        export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc
    fi
    reproducible_flags
    if [ -n "$quick" ]; then
        options+=(--config profile.android.opt-level=0 --config 'profile.android.lto="off"' --config profile.android.codegen-units=256
            --config profile.android.debug=0 --config profile.android.package.egret-ws.opt-level=0)
        [ ${#std[@]} -eq 0 ] || options+=(-Zbuild-std-features=panic-unwind) # without the code that prints backtraces
    fi
    {
        echo '#!/bin/sh'
        # shellcheck disable=SC2016 # the script expands them
        printf 'case $1 in rustc) set -- "$@"'
        [ ${#options[@]} -eq 0 ] || printf ' %q' "${options[@]}"
        echo ' ;; esac'
        if [ ${#std[@]} -eq 0 ]; then echo 'exec cargo "$@"'; else echo 'exec /usr/bin/cargo "$@"'; fi
    } >"$1/cargo"
    chmod +x "$1/cargo"
}
