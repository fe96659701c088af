// swift-tools-version:6.0
// The part of the app that needs no SwiftUI: `ChatCore`, and `chat`, a program that also runs it on Linux. project.yml describes
// the app.
import PackageDescription

let package = Package(
    name: "Chat",
    platforms: [.iOS(.v14), .macOS(.v11)],
    products: [.library(name: "ChatCore", targets: ["ChatCore"])],
    dependencies: [.package(name: "EgretWebSocket", path: "../../bindings/swift")],
    targets: [
        .target(name: "ChatCore", dependencies: ["EgretWebSocket"]),
        .executableTarget(name: "chat", dependencies: ["ChatCore"]),
    ]
)
