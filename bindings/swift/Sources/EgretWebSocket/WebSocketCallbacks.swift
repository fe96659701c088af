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

/// What is called, inside `poll`. What is nil is not called. All is let go of after the socket's last callback.
public struct WebSocketCallbacks {
    public var onConnect: ((WebSocket) -> Void)?
    public var onMessage: ((WebSocket, WebSocketMessage) -> Void)?
    /// In place of `onMessage`: the bytes themselves, borrowed until the closure returns, and whether they are text.
    public var onBytes: ((WebSocket, UnsafeRawBufferPointer, _ isText: Bool) -> Void)?
    public var onClose: ((WebSocket, CloseInfo) -> Void)?
    /// After a send was refused with `backpressure`: there is room again.
    public var onDrain: ((WebSocket) -> Void)?
    /// Before each wait of reconnecting: how the connection ended, which attempt comes, after how many milliseconds.
    public var onRetry: ((WebSocket, CloseInfo, _ attempt: UInt32, _ delayMs: UInt32) -> Void)?

    public init() {}
}

/// The same as a class of yours, which the socket does not keep alive.
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
