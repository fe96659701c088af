// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

extension EgretWS {
    public enum Message: Sendable, Hashable {
        case text(String)
        case data(Data)

        var byteCount: Int {
            switch self {
            case .text(let text): text.utf8.count
            case .data(let data): data.count
            }
        }
    }

    /// The closures that `poll` calls. A closure that is nil is not called. All are released after the socket's last callback.
    public struct SocketCallbacks {
        public var onConnect: ((Socket) -> Void)?
        public var onMessage: ((Socket, Message) -> Void)?
        /// Replaces `onMessage`. It gets the bytes without a copy, valid until the closure returns, and whether they are text.
        public var onBytes: ((Socket, UnsafeRawBufferPointer, _ isText: Bool) -> Void)?
        /// The answer to a `ping`, with its payload.
        public var onPong: ((Socket, Data) -> Void)?
        public var onClose: ((Socket, CloseInfo) -> Void)?
        /// The send queue has room again after `trySend` threw `backpressure`.
        public var onDrain: ((Socket) -> Void)?
        /// Called before the wait for a reconnection, with the close report, the number of the next attempt and the wait.
        public var onRetry: ((Socket, CloseInfo, _ attempt: Int, _ delay: Timeout) -> Void)?
        /// Called before each connection, including the first one. It may change the request. If it throws, the socket ends.
        public var onRequest: ((Socket, inout Request) throws -> RequestAnswer)?

        /// Called for each frame that was sent or received, to trace a connection.
        public var onFrame: ((Socket, Frame) -> Void)?

        public init() {}
    }

    /// The events of `SocketCallbacks` as methods of a class of the main actor. The socket does not keep the delegate alive.
    @MainActor
    public protocol SocketDelegate: AnyObject, Sendable {
        func socketDidConnect(_ socket: Socket)
        func socket(_ socket: Socket, didReceive message: Message)
        func socket(_ socket: Socket, didReceivePong payload: Data)
        func socket(_ socket: Socket, didClose info: CloseInfo)
        func socketDidDrain(_ socket: Socket)
        func socket(_ socket: Socket, willRetryAfter info: CloseInfo, attempt: Int, delay: Timeout)
        func socket(_ socket: Socket, willSend request: inout Request) throws -> RequestAnswer
    }
}

extension EgretWS.SocketDelegate {
    public func socketDidConnect(_ socket: EgretWS.Socket) {}
    public func socket(_ socket: EgretWS.Socket, didReceive message: EgretWS.Message) {}
    public func socket(_ socket: EgretWS.Socket, didReceivePong payload: Data) {}
    public func socket(_ socket: EgretWS.Socket, didClose info: EgretWS.CloseInfo) {}
    public func socketDidDrain(_ socket: EgretWS.Socket) {}
    public func socket(
        _ socket: EgretWS.Socket, willRetryAfter info: EgretWS.CloseInfo, attempt: Int, delay: EgretWS.Timeout
    ) {}
    public func socket(
        _ socket: EgretWS.Socket, willSend request: inout EgretWS.Request
    ) throws -> EgretWS.RequestAnswer { .continue }
}
