// SPDX-License-Identifier: MIT OR Apache-2.0
import Dispatch

/// A loop that polls itself, on a queue of its own, for tasks: async/await and nothing else to do.
public final class WebSocketService: Sendable {
    /// One for all who need no options.
    public static var shared: WebSocketService {
        get throws(WebSocketError) { try made.get() }
    }
    private static let made = Result { () throws(WebSocketError) in try WebSocketService() }

    private let handle: LoopHandle

    /// `inline` is refused with `unsupported`: a loop without a thread has nothing that says when to poll.
    public init(_ options: LoopOptions = .init()) throws(WebSocketError) {
        let queue = DispatchQueue(label: "egret-ws")
        let polled = Awaited<WeakLoop>(WeakLoop())
        handle = try LoopHandle(options) {
            // Once until the next poll, and again when a poll leaves something.
            queue.async { _ = try? polled.update { $0.loop }?.poll(timeoutMs: 0) }
        }
        polled.update { [handle] in $0.loop = handle }
        // What became due before this line found no loop.
        queue.async { _ = try? polled.update { $0.loop }?.poll(timeoutMs: 0) }
    }

    /// For suspend, resume and networkChanged.
    public var control: LoopControl { handle.control }

    /// Connects, and returns when the socket is open. If the task is cancelled meanwhile the attempt is abandoned.
    public func connect(_ url: String, options: WebSocketOptions = .init()) async throws -> WebSocket {
        let socket = try begin(url, options: options)
        try await socket.opened()
        return socket
    }

    /// Begins to connect: for those who want the socket before it is open.
    public func begin(_ url: String, options: WebSocketOptions = .init()) throws(WebSocketError) -> WebSocket {
        try WebSocket(.url(url), options, .inbox(options.maxUnreadBytes), handle, keepingAlive: self)
    }
}

/// Does not keep the loop alive. `Sendable` by its `Awaited`, under whose lock it lies.
private struct WeakLoop: Sendable {
    weak var loop: LoopHandle?
}
