// swift-tools-version:6.0
import PackageDescription

let package = Package(
    name: "cost",
    dependencies: [.package(name: "EgretWebSocket", path: "../../../bindings/swift")],
    targets: [.executableTarget(name: "cost", dependencies: ["EgretWebSocket"])],
    swiftLanguageModes: [.v6]
)
