// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

/// The namespace of the binding, with the functions of the library that need no loop.
///
/// The types are nested, because other packages also have a `WebSocket`, a `Message` or an `Event`. A program without such a
/// package can write `typealias WebSocket = EgretWS.Socket`.
public enum EgretWS {
    /// The version of the library: major × 65536 + minor × 256 + patch.
    public static var versionNumber: UInt32 { egret_ws_version_number() }
    public static var version: String { String(cString: egret_ws_version_string()) }
    /// The version of the header with which this binding was compiled.
    public static let headerVersionNumber = UInt32(EGRET_WS_VERSION_NUMBER)

    /// Returns the URL as the constructor of a browser's `WebSocket` would normalize it.
    public static func normalizeURL(_ url: String) throws(Error) -> String {
        let memory = CMemory()
        let cURL = try memory.text(url, "url")
        return try withExtendedLifetime(memory) { () throws(Error) -> String in
            try text { egret_ws_normalize_url(cURL, $0, $1) }
        }
    }
}

/// Reads a text from C. The first call returns its length. If the text becomes longer before the second call, that call fails.
func text(_ write: (UnsafeMutablePointer<CChar>?, Int) -> Int32) throws(EgretWS.Error) -> String {
    while true {
        let count = Int(try checked(write(nil, 0)))
        var buffer = [CChar](repeating: 0, count: count + 1)
        let written = buffer.withUnsafeMutableBufferPointer { write($0.baseAddress, $0.count) }
        if written == EGRET_WS_ERR_INVALID_ARGUMENT { continue }
        return String(decoding: buffer.prefix(Int(try checked(written))).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
