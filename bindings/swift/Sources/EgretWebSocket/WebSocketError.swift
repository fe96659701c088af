// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

/// The reason why a call was refused or a connection ended. `egret_ws.h` documents the codes.
public struct WebSocketError: Error, Sendable, CustomStringConvertible {
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// The name in C, such as `EGRET_WS_ERR_NOT_OPEN`.
        public var description: String { String(cString: egret_ws_error_name(rawValue)) }
    }

    public let code: Code
    /// The close report, if the error is the end of a connection.
    public let closeInfo: CloseInfo?

    public init(_ code: Code, closeInfo: CloseInfo? = nil) {
        self.code = code
        self.closeInfo = closeInfo
    }

    public var description: String { closeInfo.map { "\(code): \($0.message)" } ?? code.description }
}

extension WebSocketError.Code {
    // generated: errors, by "make header"; do not edit
    public static let ok = Self(rawValue: EGRET_WS_OK)
    public static let invalidArgument = Self(rawValue: EGRET_WS_ERR_INVALID_ARGUMENT)
    public static let badHandle = Self(rawValue: EGRET_WS_ERR_BAD_HANDLE)
    public static let badStruct = Self(rawValue: EGRET_WS_ERR_BAD_STRUCT)
    public static let reentrant = Self(rawValue: EGRET_WS_ERR_REENTRANT)
    public static let busy = Self(rawValue: EGRET_WS_ERR_BUSY)
    public static let forked = Self(rawValue: EGRET_WS_ERR_FORKED)
    public static let noResources = Self(rawValue: EGRET_WS_ERR_NO_RESOURCES)
    public static let `internal` = Self(rawValue: EGRET_WS_ERR_INTERNAL)
    public static let unsupported = Self(rawValue: EGRET_WS_ERR_UNSUPPORTED)
    public static let notOpen = Self(rawValue: EGRET_WS_ERR_NOT_OPEN)
    public static let messageTooBig = Self(rawValue: EGRET_WS_ERR_MESSAGE_TOO_BIG)
    public static let invalidUTF8 = Self(rawValue: EGRET_WS_ERR_INVALID_UTF8)
    public static let backpressure = Self(rawValue: EGRET_WS_ERR_BACKPRESSURE)
    public static let invalidURL = Self(rawValue: EGRET_WS_ERR_INVALID_URL)
    public static let invalidClose = Self(rawValue: EGRET_WS_ERR_INVALID_CLOSE)
    public static let notFound = Self(rawValue: EGRET_WS_ERR_NOT_FOUND)
    public static let resolve = Self(rawValue: EGRET_WS_ERR_RESOLVE)
    public static let connect = Self(rawValue: EGRET_WS_ERR_CONNECT)
    public static let proxy = Self(rawValue: EGRET_WS_ERR_PROXY)
    public static let handshake = Self(rawValue: EGRET_WS_ERR_HANDSHAKE)
    public static let httpStatus = Self(rawValue: EGRET_WS_ERR_HTTP_STATUS)
    public static let redirect = Self(rawValue: EGRET_WS_ERR_REDIRECT)
    public static let timeout = Self(rawValue: EGRET_WS_ERR_TIMEOUT)
    public static let connectionLost = Self(rawValue: EGRET_WS_ERR_CONNECTION_LOST)
    public static let `protocol` = Self(rawValue: EGRET_WS_ERR_PROTOCOL)
    public static let aborted = Self(rawValue: EGRET_WS_ERR_ABORTED)
    public static let tls = Self(rawValue: EGRET_WS_ERR_TLS)
    public static let tlsExpired = Self(rawValue: EGRET_WS_ERR_TLS_EXPIRED)
    public static let tlsHost = Self(rawValue: EGRET_WS_ERR_TLS_HOST)
    public static let tlsIssuer = Self(rawValue: EGRET_WS_ERR_TLS_ISSUER)
    public static let tlsPin = Self(rawValue: EGRET_WS_ERR_TLS_PIN)
    public static let tlsOptions = Self(rawValue: EGRET_WS_ERR_TLS_OPTIONS)
    // generated: end
}

/// Throws if a result of C is negative.
@discardableResult
func checked<Number: FixedWidthInteger>(_ result: Number) throws(WebSocketError) -> Number {
    if result < 0 { throw WebSocketError(.init(rawValue: Int32(truncatingIfNeeded: result))) }
    return result
}
