#!/usr/bin/env bash
# pack.sh PARTS PACKAGES DIST [PLATFORM...]: makes the packages of packaging/dist/apple.sh in the folder DIST, for these platforms or all.
# PARTS/TARGET contains the output of build.sh. PACKAGES is a scratch folder.
set -euo pipefail
. "$(dirname "$0")/../dist/common.sh"
. "$root/packaging/apple/toolchain.sh"
[ $# -ge 3 ] || die "usage: pack.sh PARTS PACKAGES DIST [PLATFORM...]"
parts=$(realpath "$1") packages=$(realpath -m "$2") dist=$(realpath "$3")
shift 3

rm -rf "$packages"
mkdir -p "$packages"
"$apple/xcframework.py" "$parts" "$packages" "$root/packaging/notices/apple.txt" "$@"
"$apple/check.sh" "$packages" "$@"

cd "$packages"
for name in EgretWS.xcframework EgretWS-dynamic.xcframework; do pack "$dist/$name.zip" "$name"; done
pack "$dist/EgretWS-dSYMs.zip" dSYMs

# A Swift package and a pod contain the address and the checksum of the file that they fetch.
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
