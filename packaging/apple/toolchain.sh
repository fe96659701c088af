# Bash scripts source this file after packaging/dist/common.sh. It selects the tools that link for Apple's systems.
#
# On a Mac these are Xcode's. Elsewhere they are clang and ld64.lld, with the text stubs of sdk.py in place of Apple's SDK.

apple=$root/packaging/apple

has_xcode() { command -v xcrun >/dev/null; }

# apple_toolchain TARGET: for cargo and the crate cc, in the environment: the oldest system, the linker and the SDK. Sets
# `platform`, `architecture` and `triple`.
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
    # Apple's linker signs without a key only what arm64 Macs and simulators run; the build of an app signs it again.
    export RUSTFLAGS="-Clink-arg=--target=$triple -Clink-arg=--ld-path=$(command -v "ld64.lld-$llvm") -Clink-arg=-mlinker-version=1000 -Clink-arg=-Wl,-adhoc_codesign ${RUSTFLAGS:-}"
}
