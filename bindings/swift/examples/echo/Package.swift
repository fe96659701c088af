// swift-tools-version:6.0
import PackageDescription

let package = Package(
    name: "echo",
    dependencies: [.package(name: "EgretWebSocket", path: "../..")],
    targets: [.executableTarget(name: "echo", dependencies: ["EgretWebSocket"])]
)
