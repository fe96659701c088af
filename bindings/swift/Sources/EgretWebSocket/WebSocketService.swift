// SPDX-License-Identifier: MIT OR Apache-2.0
import Dispatch

/// A loop for tasks with async/await. It polls itself on its own dispatch queue.
public final class WebSocketService: Sendable {
    /// The shared service, with default options.
    public static var shared: WebSocketService {
        get throws(WebSocketError) { try made.get() }
    }
    private static let made = Result { () throws(WebSocketError) in try WebSocketService() }

    private let handle: LoopHandle

    /// Refuses `inline` with `unsupported`: without an I/O thread, nothing reports when a poll is needed.
    public init(_ options: LoopOptions = .init()) throws(WebSocketError) {
        let queue = DispatchQueue(label: "egret-ws")
        let polled = Awaited<WeakLoop>(WeakLoop())
        handle = try LoopHandle(options) {
            // Called once before each poll, and again if a poll left events.
            queue.async { _ = try? polled.update { $0.loop }?.poll(timeoutMs: 0) }
        }
        polled.update { [handle] in $0.loop = handle }
        // Events that became due before this line found no loop to poll.
        queue.async { _ = try? polled.update { $0.loop }?.poll(timeoutMs: 0) }
    }

    /// Has the functions suspend, resume and networkChanged.
    public var control: LoopControl { handle.control }

    /// Connects, and returns when the socket is open. If the task is cancelled meanwhile, the attempt ends.
    public func connect(_ url: String, options: WebSocketOptions = .init()) async throws -> WebSocket {
        let socket = try begin(url, options: options)
        try await socket.opened()
        return socket
    }

    /// Begins to connect, and returns the socket before it is open.
    public func begin(_ url: String, options: WebSocketOptions = .init()) throws(WebSocketError) -> WebSocket {
        try WebSocket(.url(url), options, .queue(maxUnreadBytes: options.maxUnreadBytes), handle, keepingAlive: self)
    }
}

/// A weak reference to the loop. It is stored in an `Awaited`, whose lock protects it.
private struct WeakLoop: Sendable {
    weak var loop: LoopHandle?
}
