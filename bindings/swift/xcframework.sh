#!/usr/bin/env bash
# xcframework.sh: builds the library for Apple's systems and makes EgretWS.xcframework next to Package.swift, which then uses it.
#
# Needs a Mac with Xcode and rustup. It was never run, because it was written without a Mac.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v xcodebuild >/dev/null || { echo "xcframework.sh: there is no Xcode here" >&2; exit 1; }
export IPHONEOS_DEPLOYMENT_TARGET=13.0 MACOSX_DEPLOYMENT_TARGET=10.15
out=$(realpath "${CARGO_TARGET_DIR:-target}" 2>/dev/null || echo "$PWD/target")/xcframework
rm -rf "$out" bindings/swift/EgretWS.xcframework
# In a folder with the module's name, where clang also finds the map: the frameworks of an app share one folder for headers.
mkdir -p "$out/include/CEgretWS"
cp bindings/swift/Sources/CEgretWS/egret_ws.h "$out/include/CEgretWS/"
# The framework links the library by itself.
sed '/link "egret_ws"/d' bindings/swift/Sources/CEgretWS/module.modulemap >"$out/include/CEgretWS/module.modulemap"

arguments=()
slice() { # NAME TARGET...: one library for the targets of one platform
    local name=$1 target
    shift
    local built=()
    for target in "$@"; do
        rustup target add "$target"
        cargo clib --release --target "$target"
        packaging/one_object.py "${CARGO_TARGET_DIR:-target}/$target/release/libegret_ws.a" "$out/$target.a"
        built+=("$out/$target.a")
    done
    mkdir -p "$out/$name"
    lipo -create "${built[@]}" -output "$out/$name/libegret_ws.a"
    arguments+=(-library "$out/$name/libegret_ws.a" -headers "$out/include")
}
slice ios aarch64-apple-ios
slice ios-simulator aarch64-apple-ios-sim x86_64-apple-ios
slice macos aarch64-apple-darwin x86_64-apple-darwin
xcodebuild -create-xcframework "${arguments[@]}" -output bindings/swift/EgretWS.xcframework
