// swift-tools-version:6.0
import PackageDescription

let package = Package(
    name: "samples",
    platforms: [.iOS(.v13), .macOS(.v10_15)],
    dependencies: [.package(name: "EgretWebSocket", path: "../..")],
    targets: [
        .executableTarget(name: "session", dependencies: ["EgretWebSocket"]),
        .executableTarget(name: "game", dependencies: ["EgretWebSocket"]),
        .executableTarget(name: "first", dependencies: ["EgretWebSocket"]),
    ]
)
