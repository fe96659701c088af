// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

/// Functions of the library that need no loop.
public enum EgretWS {
    /// The version of the library: major × 65536 + minor × 256 + patch.
    public static var versionNumber: UInt32 { egret_ws_version_number() }
    public static var version: String { String(cString: egret_ws_version_string()) }
    /// The version of the header that this binding was compiled with.
    public static let headerVersionNumber = UInt32(EGRET_WS_VERSION_NUMBER)

    /// The URL as the constructor of a browser's `WebSocket` would normalize it.
    public static func normalizeURL(_ url: String) throws(WebSocketError) -> String {
        let memory = CMemory()
        let cURL = try memory.text(url)
        return try withExtendedLifetime(memory) { () throws(WebSocketError) -> String in
            try text { egret_ws_normalize_url(cURL, $0, $1) }
        }
    }
}
