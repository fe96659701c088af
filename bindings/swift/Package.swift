// swift-tools-version:6.0
import Foundation
import PackageDescription

// On Apple's systems the package uses the XCFramework of xcframework.sh, if it exists. Otherwise it uses an installed library,
// which pkg-config finds.
let framework = "EgretWS.xcframework"
let hasFramework = FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + framework)
let apple: [Platform] = [.iOS, .macOS, .macCatalyst, .tvOS, .visionOS]
// The target of an XCFramework has its name. Both targets contain the module CEgretWS.
let library = hasFramework ? "EgretWS" : "CEgretWS"

let package = Package(
    name: "EgretWebSocket",
    platforms: [.iOS(.v13), .macOS(.v10_15), .macCatalyst(.v13), .tvOS(.v13), .visionOS(.v1)],
    products: [.library(name: "EgretWebSocket", targets: ["EgretWebSocket"])],
    targets: [
        hasFramework
            ? .binaryTarget(name: library, path: framework)
            : .systemLibrary(name: library, pkgConfig: "egret_ws"),
        .target(
            name: "EgretWebSocket",
            dependencies: [.target(name: library)],
            resources: [.copy("PrivacyInfo.xcprivacy")],
            linkerSettings: [
                .linkedFramework("Security", .when(platforms: apple)),
                .linkedFramework("CoreFoundation", .when(platforms: apple)),
            ]),
        .testTarget(name: "EgretWebSocketTests", dependencies: ["EgretWebSocket"]),
    ],
    swiftLanguageModes: [.v6]
)
