# Scripts source this file, in bash, after packaging/dist/common.sh. It provides the linker for Apple's systems.
#
# On a Mac this is Xcode. Elsewhere it is clang and ld64.lld, with the text stubs of sdk.py in place of Apple's SDK.

apple=$root/packaging/apple

has_xcode() { command -v xcrun >/dev/null; }

# apple_toolchain TARGET: sets environment variables for cargo and the crate cc: the oldest system, the linker and the SDK. Also
# sets `platform`, `architecture` and `triple`.
apple_toolchain() {
    local oldest upper sdk
    { read -r platform && read -r architecture && read -r triple && read -r oldest; } < <("$apple/platforms.py" --env "$1")
    export "${oldest?}"
    if has_xcode; then
        unset SDKROOT
        return
    fi
    sdk=$build_dir/apple/sdk/$platform
    "$apple/sdk.py" "$platform" "$sdk"
    upper=$(tr a-z- A-Z_ <<<"$1")
    export SDKROOT=$sdk "CARGO_TARGET_${upper}_LINKER=clang-$llvm"
    # Without a key, Apple's linker signs only files for arm64 Macs and simulators. The build of an app signs the library again.
    export RUSTFLAGS="-Clink-arg=--target=$triple -Clink-arg=--ld-path=$(command -v "ld64.lld-$llvm") -Clink-arg=-mlinker-version=1000 -Clink-arg=-Wl,-adhoc_codesign ${RUSTFLAGS:-}"
}
