// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

extension EgretWS {
    public enum LogLevel: Int32, Sendable {
        // generated: log levels, by "make header"; do not edit
        case error = 1, warn, info, debug
        // generated: end
    }

    /// The options of a loop: `egret_ws_loop_options`. A field that is not set has the library's default.
    public struct LoopOptions: Sendable {
        public struct Flags: OptionSet, Sendable {
            public let rawValue: UInt32
            public init(rawValue: UInt32) { self.rawValue = rawValue }

            // generated: loop flags, by "make header"; do not edit
            /// The loop has no I/O thread. `Loop.poll` reads and writes, and a send outside a callback writes at once.
            /// Without this flag a loop has one I/O thread for all its sockets. In both cases name look-ups run on
            /// threads of the library.
            public static let inline = Self(rawValue: UInt32(EGRET_WS_LOOP_INLINE))
            /// `LoopControl.suspend` closes open sockets with 1001 (going away). Without this flag it keeps them open.
            public static let closeOnSuspend = Self(rawValue: UInt32(EGRET_WS_LOOP_CLOSE_ON_SUSPEND))
            /// `LoopControl.networkChanged` drops all TLS sessions. A server then cannot recognize a player by a session
            /// of another network (RFC 8446 appendix C.4). Without this flag a reconnect on the new network resumes its
            /// session.
            public static let forgetTlsSessions = Self(rawValue: UInt32(EGRET_WS_LOOP_FORGET_TLS_SESSIONS))
            // generated: end
        }

        public var flags: Flags = []
        /// It is called on any thread.
        public var onLog: (@Sendable (LogLevel, String) -> Void)?
        // generated: loop options, by "make header"; do not edit
        public var logLevel: LogLevel = .warn
        public var pollMaxCallbacks: Limit = .default
        public var pollMaxUs: Limit = .default
        public var linger: Timeout = .default
        // generated: end

        /// Closures that the library calls while it makes connections.
        public var hooks = Hooks()

        public init() {}
    }

    /// A loop that the application polls, for example once per frame. Callbacks and delegates are called only during a poll.
    ///
    /// It is not Sendable: create, poll and release it in one isolation domain, for example the main actor. So callbacks may use
    /// everything that this domain owns. Sockets and `control` may be used from any thread. When the loop is freed, its sockets are
    /// also freed, and their functions throw `badHandle`.
    public final class Loop {
        let handle: LoopHandle

        /// `onWakeup` is for applications that do not poll in each frame: another thread calls it when work is pending for a poll.
        public init(_ options: LoopOptions = .init(), onWakeup: (@Sendable () -> Void)? = nil) throws(Error) {
            handle = try LoopHandle(options, onWakeup: onWakeup)
        }

        /// Runs the pending callbacks and returns their number. If none is pending, waits for at most this time. By default it
        /// does not wait.
        @discardableResult
        public func poll(timeout: Timeout = .atOnce) throws(Error) -> Int { try handle.poll(timeout) }

        /// Functions for other threads: suspend, resume, networkChanged, wake.
        public var control: LoopControl { handle.control }

        /// A descriptor that is readable while work is pending for a poll. Only wait on it, for at most `nextPoll`.
        public var descriptor: Int32 {
            get throws(Error) { try checked(egret_ws_loop_descriptor(handle.c)) }
        }

        /// The time after which a poll is needed even if the descriptor is not readable.
        public var nextPoll: Timeout {
            get throws(Error) {
                let number = try checked(egret_ws_loop_next_poll_ms(handle.c))
                return number == Int32.max ? .unlimited : .milliseconds(Int(number))
            }
        }

        /// Frees the loop and its sockets, and reports the lost messages. Waits at most `linger`. (The release of the last
        /// reference also frees the loop.)
        @discardableResult
        public func shutDown() throws(Error) -> FreeReport { try handle.free() }

        /// Begins to connect to a URL. Later polls call `callbacks`. The socket is freed when its last reference is released.
        public func beginConnect(
            _ url: String, options: SocketOptions = .init(), callbacks: SocketCallbacks
        ) throws(Error) -> Socket {
            try Socket(.url(url), options, .callbacks(KeptCallbacks(callbacks)), handle)
        }

        /// Begins to connect to a URL, with a delegate of the main actor, to which the socket refers weakly. Then the loop
        /// belongs to the main actor, so the compiler refuses other tasks that poll it.
        @MainActor
        public func beginConnect(
            _ url: String, options: SocketOptions = .init(), delegate: any SocketDelegate
        ) throws(Error) -> Socket {
            try Socket(.url(url), options, .delegate(WeakDelegate(delegate)), handle)
        }

        /// Begins to connect to a URL, for tasks that wait for `opened`, `events`, `messages` and `closed`.
        public func beginConnect(
            _ url: String, options: SocketOptions = .init(), onRequest: AsyncRequestHook? = nil
        ) throws(Error) -> Socket {
            try Socket(.url(url), options, .inbox(onRequest.map { RequestTask($0) }), handle)
        }

        /// Begins to connect to `ws://host:port/`.
        public func beginConnect(
            host: String, port: Int, options: SocketOptions = .init(), callbacks: SocketCallbacks
        ) throws(Error) -> Socket {
            guard let number = UInt16(exactly: port) else {
                throw Error(.invalidArgument, "port is \(port): it must be 1 to 65535")
            }
            return try Socket(.host(host, number), options, .callbacks(KeptCallbacks(callbacks)), handle)
        }

        public func beginConnect(
            _ url: URL, options: SocketOptions = .init(), callbacks: SocketCallbacks
        ) throws(Error) -> Socket {
            try beginConnect(url.absoluteString, options: options, callbacks: callbacks)
        }

        @MainActor
        public func beginConnect(
            _ url: URL, options: SocketOptions = .init(), delegate: any SocketDelegate
        ) throws(Error) -> Socket {
            try beginConnect(url.absoluteString, options: options, delegate: delegate)
        }

        public func beginConnect(
            _ url: URL, options: SocketOptions = .init(), onRequest: AsyncRequestHook? = nil
        ) throws(Error) -> Socket {
            try beginConnect(url.absoluteString, options: options, onRequest: onRequest)
        }
    }
}
