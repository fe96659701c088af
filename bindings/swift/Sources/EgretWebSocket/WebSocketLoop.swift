// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

public enum LogLevel: Int32, Sendable {
    // generated: log levels, by "make header"; do not edit
    case error = 1, warn, info, debug
    // generated: end
}

/// The options of a loop: `egret_ws_loop_options`. What is zero or nil has the library's default.
public struct LoopOptions: Sendable {
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        // generated: loop flags, by "make header"; do not edit
        /// No thread. `WebSocketLoop.poll` does the reading and writing itself, and a send outside a callback is
        /// written at once. Without this flag a loop has one I/O thread, however many sockets it has.
        public static let inline = Self(rawValue: UInt32(EGRET_WS_LOOP_INLINE))
        /// `LoopControl.suspend` closes what is open, with 1001 (going away), instead of letting it wait.
        public static let closeOnSuspend = Self(rawValue: UInt32(EGRET_WS_LOOP_CLOSE_ON_SUSPEND))
        // generated: end
    }

    public var flags: Flags = []
    /// Comes from any thread.
    public var onLog: (@Sendable (LogLevel, String) -> Void)?
    // generated: loop options, by "make header"; do not edit
    public var logLevel: LogLevel = .warn
    public var pollMaxCallbacks: UInt32 = 0
    public var pollMaxUs: UInt32 = 0
    public var lingerMs: UInt32 = 0
    // generated: end

    public init() {}
}

/// A loop that the host polls, once a frame for example; callbacks and delegates are called in there and nowhere else.
///
/// Not Sendable on purpose: it is made, polled and dropped in one isolation domain, the main actor for example, and so
/// callbacks may touch all that this domain owns. Sockets and `control` may be used from anywhere. When the loop goes, its
/// sockets go with it: their functions throw `badHandle`.
public final class WebSocketLoop {
    private let handle: LoopHandle

    /// `onWakeup` says that a poll has something to do, for hosts that do not poll each frame. It comes from another thread.
    public init(_ options: LoopOptions = .init(), onWakeup: (@Sendable () -> Void)? = nil) throws(WebSocketError) {
        handle = try LoopHandle(options, onWakeup: onWakeup)
    }

    /// Runs the callbacks that are due and returns how many did. 0 never waits; a negative time-out waits without limit.
    @discardableResult
    public func poll(timeoutMs: Int32 = 0) throws(WebSocketError) -> Int { try handle.poll(timeoutMs: timeoutMs) }

    /// For other threads: suspend, resume, networkChanged, wake.
    public var control: LoopControl { handle.control }

    /// A descriptor that can be read from while a poll has something to do. Only wait on it, no longer than `timeoutMs`.
    public var descriptor: Int32 {
        get throws(WebSocketError) { try checked(egret_ws_loop_descriptor(handle.c)) }
    }

    public var timeoutMs: Int32 {
        get throws(WebSocketError) { try checked(egret_ws_loop_timeout(handle.c)) }
    }

    /// Begins to connect to a URL, and calls `callbacks` in later polls. The socket is freed when it is dropped.
    public func connect(
        _ url: String, options: WebSocketOptions = .init(), callbacks: WebSocketCallbacks
    ) throws(WebSocketError) -> WebSocket {
        try WebSocket(.url(url), options, .callbacks(KeptCallbacks(callbacks)), handle)
    }

    /// The same with a delegate, which is held weakly.
    public func connect(
        _ url: String, options: WebSocketOptions = .init(), delegate: any WebSocketDelegate
    ) throws(WebSocketError) -> WebSocket {
        try WebSocket(.url(url), options, .delegate(WeakDelegate(delegate)), handle)
    }

    /// The same for tasks, which wait for `opened`, `messages` and `closed`.
    public func connect(_ url: String, options: WebSocketOptions = .init()) throws(WebSocketError) -> WebSocket {
        try WebSocket(.url(url), options, .inbox(options.maxUnreadBytes), handle)
    }

    /// Begins to connect to `ws://host:port/`.
    public func connect(
        host: String, port: UInt16, options: WebSocketOptions = .init(), callbacks: WebSocketCallbacks
    ) throws(WebSocketError) -> WebSocket {
        try WebSocket(.host(host, port), options, .callbacks(KeptCallbacks(callbacks)), handle)
    }
}
