#!/usr/bin/env bash
# apple.sh DIST: makes the packages for Apple's systems:
#
#   EgretWS.xcframework.zip          static libraries, with headers for C, C++ and Swift
#   EgretWS-dynamic.xcframework.zip  frameworks to embed
#   EgretWS-dSYMs.zip                the debug files of the frameworks
#   EgretWebSocket-V-swift.zip       the Swift package, which fetches the first file
#   EgretWebSocket-V-pod.zip, EgretWebSocket.podspec    the package for CocoaPods
#
# EGRET_WS_APPLE_PLATFORMS="ios macos" selects platforms (platforms.py lists them). On a Mac the script uses Xcode. Elsewhere it
# uses clang and ld64.lld with text stubs in place of Apple's SDK; the resulting files have never run.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$root/packaging/apple/toolchain.sh"
[ $# -eq 1 ] || die "usage: apple.sh DIST"
dist=$(cd "$1" && pwd)
if ! has_xcode; then
    for tool in clang ld64.lld dsymutil llvm-lipo; do
        command -v "$tool-$llvm" >/dev/null || cannot "no $tool-$llvm: apt-get install clang-$llvm lld-$llvm llvm-$llvm"
    done
    [ -x /usr/bin/cargo ] || cannot "Debian's Rust with the sources of its library is missing: apt-get install rustc-web cargo-web rust-web-src"
fi

out=$build_dir/apple
[ -z "${EGRET_WS_APPLE_PLATFORMS:-}" ] || echo "CANNOT: other platforms than $EGRET_WS_APPLE_PLATFORMS: EGRET_WS_APPLE_PLATFORMS leaves them out"
read -r -a chosen <<<"${EGRET_WS_APPLE_PLATFORMS:-}"
targets=$("$apple/platforms.py" "${chosen[@]}") || exit
while read -r name list; do
    for target in $list; do
        # Run in a subshell, so that the variables of a target end with it.
        (
            apple_toolchain "$target"
            LIBRARY_ONLY=1 "$root/packaging/dist/build.sh" "$target" "$out/parts/$target"
        ) </dev/null
    done
done <<<"$targets"

"$apple/pack.sh" "$out/parts" "$out/packages" "$dist" "${chosen[@]}"
has_xcode || echo "CANNOT: the libraries were linked against stubs of Apple's libraries and have not run: run packaging/dist/apple.sh DIST on a Mac with Xcode"
