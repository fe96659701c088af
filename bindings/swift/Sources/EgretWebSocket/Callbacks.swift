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

    /// The closures that `poll` calls; nil ones are not called. All are released after the socket's last callback.
    public struct SocketCallbacks {
        public var onConnect: ((Socket) -> Void)?
        public var onMessage: ((Socket, Message) -> Void)?
        /// Replaces `onMessage`: the bytes themselves, borrowed until the closure returns, and whether they are text.
        public var onBytes: ((Socket, UnsafeRawBufferPointer, _ isText: Bool) -> Void)?
        /// The answer to a `ping`, with its payload.
        public var onPong: ((Socket, Data) -> Void)?
        public var onClose: ((Socket, CloseInfo) -> Void)?
        /// The send buffer has room again, after `trySend` threw `backpressure`.
        public var onDrain: ((Socket) -> Void)?
        /// Before the wait for a reconnection: how the connection ended, the number of the next attempt, the wait.
        public var onRetry: ((Socket, CloseInfo, _ attempt: Int, _ delay: Timeout) -> Void)?
        /// Before each connection, the first one too. It may change the request. An error that it throws ends the socket.
        public var onRequest: ((Socket, inout Request) throws -> RequestAnswer)?

        /// Each frame that was sent or received, to trace a connection.
        public var onFrame: ((Socket, Frame) -> Void)?

        public init() {}
    }

    /// These events as methods of a class of the main actor. The socket does not keep the delegate alive.
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
