// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation
import XCTest

/// Tests the privacy manifest that the package adds to an app.
final class PrivacyTests: XCTestCase {
    func testTheManifestIsInTheBundle() throws {
        // SwiftPM puts a package's resources next to the program, in a bundle named after the package and the target.
        let beside = Bundle(for: Self.self).bundleURL
        let places = [beside, Bundle.main.bundleURL].flatMap { place in
            ["resources", "bundle"].map { place.appendingPathComponent("EgretWebSocket_EgretWebSocket.\($0)") }
        }
        let bundle = try XCTUnwrap(places.first { FileManager.default.fileExists(atPath: $0.path) }, "\(places)")
        let data = try Data(contentsOf: bundle.appendingPathComponent("PrivacyInfo.xcprivacy"))
        let manifest = try PropertyListSerialization.propertyList(from: data, format: nil)
        let entries = try XCTUnwrap(manifest as? [String: Any])
        XCTAssertEqual(entries["NSPrivacyTracking"] as? Bool, false)
        XCTAssertEqual((entries["NSPrivacyTrackingDomains"] as? [Any])?.count, 0)
        XCTAssertEqual((entries["NSPrivacyCollectedDataTypes"] as? [Any])?.count, 0)
        let accessed = try XCTUnwrap(entries["NSPrivacyAccessedAPITypes"] as? [[String: Any]])
        let reasons = try accessed.map { entry in
            "\(try XCTUnwrap(entry["NSPrivacyAccessedAPIType"])): \(try XCTUnwrap(entry["NSPrivacyAccessedAPITypeReasons"]))"
        }
        // packaging/apple/check_privacy.py compares them with what the library uses.
        XCTAssertEqual(
            reasons.sorted(),
            ["FileTimestamp: [\"C617.1\"]", "SystemBootTime: [\"35F9.1\"]"].map { "NSPrivacyAccessedAPICategory\($0)" })
    }
}
