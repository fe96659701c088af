#!/usr/bin/env bash
# apple.sh DIST: the library for Apple's systems:
#
#   EgretWS.xcframework.zip          static libraries, with headers for C, C++ and Swift
#   EgretWS-dynamic.xcframework.zip  frameworks to embed
#   EgretWS-dSYMs.zip                the debug files of the frameworks
#   EgretWebSocket-V-swift.zip       the Swift package, which fetches the first one
#   EgretWebSocket-V-pod.zip, EgretWebSocket.podspec    the same for CocoaPods
#
# EGRET_WS_APPLE_PLATFORMS="ios macos": only these (platforms.py lists them). On a Mac it uses Xcode. Elsewhere it uses clang and
# ld64.lld with text stubs in place of Apple's SDK: nothing that is made there has run.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$root/packaging/apple/toolchain.sh"
[ $# -eq 1 ] || die "usage: apple.sh DIST"
dist=$(cd "$1" && pwd)
if ! has_xcode; then
    for tool in clang ld64.lld dsymutil llvm-lipo; do
        command -v "$tool-$llvm" >/dev/null || cannot "no $tool-$llvm: apt-get install clang-$llvm lld-$llvm llvm-$llvm"
    done
    [ -x /usr/bin/cargo ] || cannot "no Rust of Debian, which has its library as sources: apt-get install rustc-web cargo-web rust-web-src"
    # It joins the objects of a static library.
    python_tools
    export ZIG=${ZIG:-$tools/bin/python-zig}
fi

out=$build_dir/apple
read -r -a chosen <<<"${EGRET_WS_APPLE_PLATFORMS:-}"
targets=$("$apple/platforms.py" "${chosen[@]}") || exit
while read -r name list; do
    for target in $list; do
        # In a shell of its own, because the variables of a target end with it.
        (
            apple_toolchain "$target"
            LIBRARY_ONLY=1 "$root/packaging/dist/build.sh" "$target" "$out/parts/$target"
        ) </dev/null
    done
done <<<"$targets"

rm -rf "$out/packages"
mkdir -p "$out/packages"
"$apple/xcframework.py" "$out/parts" "$out/packages" "$root/packaging/notices/apple.txt" "${chosen[@]}"
"$apple/check.sh" "$out/packages" "${chosen[@]}"

cd "$out/packages"
for name in EgretWS.xcframework EgretWS-dynamic.xcframework; do pack "$dist/$name.zip" "$name"; done
pack "$dist/EgretWS-dSYMs.zip" dSYMs

# A Swift package and a pod name the address and the checksum of the file that they fetch.
fill() { # TEMPLATE URL FILE
    sed "s|@VERSION@|$version|; s|@HOMEPAGE@|${release_url%/releases/*}|; s|@URL@|$release_url/$2|; s|@CHECKSUM@|$(sha256sum "$dist/$2" | cut -d ' ' -f 1)|" "$1"
}
swift_sources() { # FOLDER
    mkdir -p "$1/Sources"
    cp -R "$root/bindings/swift/Sources/EgretWebSocket" "$1/Sources/"
    cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$root/bindings/swift/README.md" "$1/"
    cp "$root/packaging/notices/apple.txt" "$1/THIRD-PARTY-NOTICES.txt"
}
swift_sources swift
fill "$apple/Package.swift.in" EgretWS.xcframework.zip >swift/Package.swift
pack "$dist/EgretWebSocket-$version-swift.zip" swift
swift_sources pod
cp -R EgretWS.xcframework pod/
# CocoaPods looks for the files at the top of the archive.
pack --flat "$dist/EgretWebSocket-$version-pod.zip" pod
fill "$apple/EgretWebSocket.podspec.in" "EgretWebSocket-$version-pod.zip" >"$dist/EgretWebSocket.podspec"
made EgretWS.xcframework.zip EgretWS-dynamic.xcframework.zip EgretWS-dSYMs.zip \
    "EgretWebSocket-$version-swift.zip" "EgretWebSocket-$version-pod.zip" EgretWebSocket.podspec
