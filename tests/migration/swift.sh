#!/usr/bin/env bash
# swift.sh: runs the Swift programs of docs/migration/samples, and compares their output. tests/swift/tests.sh calls it, in
# bindings/swift. Starscream's program is not compiled, because Starscream is not there.
set -euo pipefail

package=$(mktemp -d)
samples=$PWD/../../docs/migration/samples
cat >"$package/Package.swift" <<END
// swift-tools-version:6.0
import PackageDescription

let package = Package(
    name: "migration",
    dependencies: [.package(name: "EgretWebSocket", path: "$PWD")],
    targets: [
        .executableTarget(name: "starscream_after", dependencies: ["EgretWebSocket"]),
        .executableTarget(name: "urlsession_after", dependencies: ["EgretWebSocket"]),
        .executableTarget(name: "urlsession_before"),
    ]
)
END
for program in starscream_after urlsession_after urlsession_before; do
    mkdir -p "$package/Sources/$program"
    cp "$samples/${program/_//}.swift" "$package/Sources/$program/main.swift"
done

swift_in_package() { # SUBCOMMAND [ARGUMENT...]
    timeout 900 swift "$1" --quiet --package-path "$package" --scratch-path /target/swift-migration -Xlinker -L/target/release \
        -Xswiftc -warnings-as-errors "${@:2}" </dev/null
}
# It does not run: Foundation for Linux (Swift 6.0) asks with `Connection: keep-alive`, which servers refuse.
swift_in_package build --product urlsession_before
for program in starscream_after urlsession_after; do
    output=$(swift_in_package run "$program" "$EGRET_WS_TEST_URL") || true
    [ "$output" = "received: Hello Egret WebSocket" ] || { echo "$program: $output" >&2; exit 1; }
    if output=$(swift_in_package run "$program" "${EGRET_WS_TEST_URL}refuse/403"); then
        echo "$program: no failure after a refusal: $output" >&2
        exit 1
    fi
    case $output in
    failed:*403*) echo "$program: $output" ;;
    *) echo "$program: $output" >&2 && exit 1 ;;
    esac
done
rm -r "$package"
