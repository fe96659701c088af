// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

extension EgretWS {
    /// The phase in which a connection ended.
    public enum Phase: Int32, Sendable {
        // generated: phases, by "make header"; do not edit
        case unknown = 0, request, resolve, connect, proxy, tls, handshake, open, flush, closing
        // generated: end
    }

    /// The side that ended a connection.
    public enum Initiator: Int32, Sendable {
        // generated: initiators, by "make header"; do not edit
        case unknown = 0, local, peer, transport
        // generated: end
    }

    /// How and why a connection ended: `egret_ws_close_info`.
    public struct CloseInfo: Sendable {
        /// nil if both Close frames were exchanged and neither side failed the connection.
        public let error: Error.Code?
        public let phase: Phase
        public let initiator: Initiator
        /// The HTTP status in the answer of the server or a proxy; 0 if there was no answer.
        public let httpStatus: Int32
        /// The operating system's error number, or 0.
        public let osError: Int32
        /// The code of the peer's Close frame; 1005 if it had no code; 1006 if there was no Close frame.
        public let code: UInt16
        /// The code of the Close frame that this side sent; 0 if none was sent.
        public let sentCode: UInt16
        /// The reason of the peer's Close frame.
        public let reason: String
        /// A sentence about the end, for a log.
        public let message: String
        /// The number of messages that a send accepted and that were not completely passed to the operating system.
        public let unsentMessages: UInt32
        public let unsentBytes: UInt64
        /// Whether another attempt may succeed without a change of the request. This is the rule of `retryAttempts`.
        public let isRetryable: Bool

        /// Equal to `wasClean` in a browser's close event.
        public var wasClean: Bool { error == nil }

        init(_ info: egret_ws_close_info) {
            error = info.error == EGRET_WS_OK ? nil : .init(rawValue: info.error)
            phase = Phase(rawValue: info.phase) ?? .unknown
            initiator = Initiator(rawValue: info.initiator) ?? .unknown
            httpStatus = info.http_status
            osError = info.os_error
            code = info.code
            sentCode = info.sent_code
            // Use the lengths, because a reason may contain a NUL.
            reason = String(decoding: UnsafeRawBufferPointer(start: info.reason, count: info.reason_len), as: UTF8.self)
            message = String(decoding: UnsafeRawBufferPointer(start: info.message, count: info.message_len), as: UTF8.self)
            unsentMessages = info.unsent_messages
            unsentBytes = info.unsent_bytes
            var copy = info
            // A newer library may have a longer struct.
            copy.struct_size = UInt32(MemoryLayout<egret_ws_close_info>.size)
            isRetryable = egret_ws_is_retryable(&copy) == 1
        }
    }
}
