// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

extension EgretWS {
    /// The reason why a call was refused, a wait ended, or a connection ended. `egret_ws.h` documents the codes.
    public struct Error: LocalizedError, CustomNSError, CustomStringConvertible {
        public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
            public let rawValue: Int32
            public init(rawValue: Int32) { self.rawValue = rawValue }

            /// The task was cancelled while it waited. This code exists only in Swift.
            public static let cancelled = Self(rawValue: 1)

            /// The name in C, such as `EGRET_WS_ERR_NOT_OPEN`.
            public var description: String {
                self == .cancelled ? "cancelled" : String(cString: egret_ws_error_name(rawValue))
            }
        }

        public let code: Code
        /// A sentence about the reason, for a log.
        public let message: String
        /// The close report if the error is the end of a connection.
        public let closeInfo: CloseInfo?
        /// The error of your `onRequest` if it prevented the connection.
        public let underlyingError: (any Swift.Error)?

        init(_ code: Code, _ message: String, closeInfo: CloseInfo? = nil, underlyingError: (any Swift.Error)? = nil) {
            self.code = code
            self.message = message
            self.closeInfo = closeInfo
            self.underlyingError = underlyingError
        }

        public var description: String { "\(code): \(message)" }
        public var errorDescription: String? { message }

        public static var errorDomain: String { "EgretWS" }
        public var errorCode: Int { Int(code.rawValue) }
        public var errorUserInfo: [String: Any] {
            var info: [String: Any] = [NSLocalizedDescriptionKey: message]
            info[NSUnderlyingErrorKey] = underlyingError
            return info
        }
    }
}

extension EgretWS.Error.Code {
    // generated: errors, by "make header"; do not edit
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

/// Throws if a result of C is negative. Call it immediately after the C function, on its thread, because it reads the message.
@discardableResult
func checked<Number: FixedWidthInteger>(_ result: Number) throws(EgretWS.Error) -> Number {
    if result < 0 {
        let code = EgretWS.Error.Code(rawValue: Int32(truncatingIfNeeded: result))
        let message = String(cString: egret_ws_last_error_message())
        throw EgretWS.Error(code, message.isEmpty ? code.description : message)
    }
    return result
}
