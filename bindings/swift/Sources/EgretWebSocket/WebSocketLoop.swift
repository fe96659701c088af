// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

public enum LogLevel: Int32, Sendable {
    // generated: log levels, by "make header"; do not edit
    case error = 1, warn, info, debug
    // generated: end
}

/// The options of a loop: `egret_ws_loop_options`. A field that is zero or nil has the library's default.
public struct LoopOptions: Sendable {
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        // generated: loop flags, by "make header"; do not edit
        /// No I/O thread. `WebSocketLoop.poll` does the reading and writing itself, and a send outside a callback is
        /// written at once by the call. Without this flag a loop has one I/O thread, however many sockets it has.
        /// Name look-ups have threads in both cases.
        public static let inline = Self(rawValue: UInt32(EGRET_WS_LOOP_INLINE))
        /// `LoopControl.suspend` closes open sockets, with 1001 (going away), instead of keeping them open.
        public static let closeOnSuspend = Self(rawValue: UInt32(EGRET_WS_LOOP_CLOSE_ON_SUSPEND))
        // generated: end
    }

    public var flags: Flags = []
    /// Any thread may call this.
    public var onLog: (@Sendable (LogLevel, String) -> Void)?
    // generated: loop options, by "make header"; do not edit
    public var logLevel: LogLevel = .warn
    public var pollMaxCallbacks: UInt32 = 0
    public var pollMaxUs: UInt32 = 0
    public var lingerMs: UInt32 = 0
    // generated: end

    public init() {}
}

/// A loop that the host polls, for example once a frame. Callbacks and delegates are called only during a poll.
///
/// It is not Sendable: make, poll and release it in one isolation domain, for example the main actor. So callbacks may use
/// everything that this domain owns. Sockets and `control` may be used from any thread. When the loop is freed, its sockets
/// are freed too, and their functions throw `badHandle`.
public final class WebSocketLoop {
    private let handle: LoopHandle

    /// `onWakeup` is for hosts that do not poll each frame: another thread calls it when a poll has something to do.
    public init(_ options: LoopOptions = .init(), onWakeup: (@Sendable () -> Void)? = nil) throws(WebSocketError) {
        handle = try LoopHandle(options, onWakeup: onWakeup)
    }

    /// Runs the callbacks that are due and returns their number. 0 never waits; a negative time-out waits without limit.
    @discardableResult
    public func poll(timeoutMs: Int32 = 0) throws(WebSocketError) -> Int { try handle.poll(timeoutMs: timeoutMs) }

    /// Functions for other threads: suspend, resume, networkChanged, wake.
    public var control: LoopControl { handle.control }

    /// A descriptor that is readable while a poll has something to do. Only wait on it, for at most `timeoutMs`.
    public var descriptor: Int32 {
        get throws(WebSocketError) { try checked(egret_ws_loop_descriptor(handle.c)) }
    }

    public var timeoutMs: Int32 {
        get throws(WebSocketError) { try checked(egret_ws_loop_next_poll_ms(handle.c)) }
    }

    /// Begins to connect to a URL. Later polls call `callbacks`. The socket is freed when its last reference is released.
    public func connect(
        _ url: String, options: WebSocketOptions = .init(), callbacks: WebSocketCallbacks
    ) throws(WebSocketError) -> WebSocket {
        try WebSocket(.url(url), options, .callbacks(KeptCallbacks(callbacks)), handle)
    }

    /// Begins to connect to a URL, with a delegate, which is held weakly.
    public func connect(
        _ url: String, options: WebSocketOptions = .init(), delegate: any WebSocketDelegate
    ) throws(WebSocketError) -> WebSocket {
        try WebSocket(.url(url), options, .delegate(WeakDelegate(delegate)), handle)
    }

    /// Begins to connect to a URL, for tasks that wait for `opened`, `messages` and `closed`.
    public func connect(_ url: String, options: WebSocketOptions = .init()) throws(WebSocketError) -> WebSocket {
        try WebSocket(.url(url), options, .queue(maxUnreadBytes: options.maxUnreadBytes), handle)
    }

    /// Begins to connect to `ws://host:port/`.
    public func connect(
        host: String, port: UInt16, options: WebSocketOptions = .init(), callbacks: WebSocketCallbacks
    ) throws(WebSocketError) -> WebSocket {
        try WebSocket(.host(host, port), options, .callbacks(KeptCallbacks(callbacks)), handle)
    }
}
