// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

public enum WebSocketMessage: Sendable, Hashable {
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
public struct WebSocketCallbacks {
    public var onConnect: ((WebSocket) -> Void)?
    public var onMessage: ((WebSocket, WebSocketMessage) -> Void)?
    /// Replaces `onMessage`: the bytes themselves, borrowed until the closure returns, and whether they are text.
    public var onBytes: ((WebSocket, UnsafeRawBufferPointer, _ isText: Bool) -> Void)?
    public var onClose: ((WebSocket, CloseInfo) -> Void)?
    /// The send buffer has room again, after a send was refused with `backpressure`.
    public var onDrain: ((WebSocket) -> Void)?
    /// Before the wait for a reconnection: how the connection ended, the number of the next attempt, the wait in milliseconds.
    public var onRetry: ((WebSocket, CloseInfo, _ attempt: UInt32, _ delayMs: UInt32) -> Void)?

    public init() {}
}

/// These events as methods of a class. The socket does not keep the delegate alive.
public protocol WebSocketDelegate: AnyObject {
    func webSocketDidConnect(_ socket: WebSocket)
    func webSocket(_ socket: WebSocket, didReceive message: WebSocketMessage)
    func webSocket(_ socket: WebSocket, didClose info: CloseInfo)
    func webSocketDidDrain(_ socket: WebSocket)
    func webSocket(_ socket: WebSocket, willRetryAfter info: CloseInfo, attempt: UInt32, delayMs: UInt32)
}

extension WebSocketDelegate {
    public func webSocketDidConnect(_ socket: WebSocket) {}
    public func webSocket(_ socket: WebSocket, didReceive message: WebSocketMessage) {}
    public func webSocket(_ socket: WebSocket, didClose info: CloseInfo) {}
    public func webSocketDidDrain(_ socket: WebSocket) {}
    public func webSocket(_ socket: WebSocket, willRetryAfter info: CloseInfo, attempt: UInt32, delayMs: UInt32) {}
}
