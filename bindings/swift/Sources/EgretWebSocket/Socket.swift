// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

extension EgretWS {
    /// A socket. Its functions may be called on any thread and in any callback. It is freed when its last reference is
    /// released, which may be in one of its callbacks. If it is open then, it is closed with 1001.
    ///
    /// Functions with names that begin with `try` or `begin` never wait; `send`, `close`, `opened` and `closed` are for tasks.
    public final class Socket: Sendable {
        public enum State: Int32, Sendable {
            // generated: states, by "make header"; do not edit
            case connecting = 0, open, closing, closed
            // generated: end
        }

        enum Target {
            case url(String)
            case host(String, UInt16)
        }

        let shared: Awaited<SocketState>
        /// C writes the handle here once, before any callback of this socket begins, which may be before connect returns. It is
        /// read only after that, so `nonisolated(unsafe)` is safe. The handle is a number that any thread may use.
        private nonisolated(unsafe) let handle: UnsafeMutablePointer<OpaquePointer?>
        /// The service, which must live as long as its sockets.
        private let keptAlive: (any AnyObject & Sendable)?

        init(
            _ target: Target, _ options: SocketOptions, _ handler: Receiver.Handler, _ loop: LoopHandle,
            keepingAlive keptAlive: (any AnyObject & Sendable)? = nil
        ) throws(Error) {
            self.keptAlive = keptAlive
            if case .inbox = handler {
                shared = Awaited(SocketState(inbox: Inbox(limit: options.maxUnreadBytes)))
            } else {
                shared = Awaited(SocketState(inbox: nil))
            }
            handle = .allocate(capacity: 1)
            handle.initialize(to: nil)
            let memory = CMemory()
            var c = try options.c(in: memory)
            let receiver = Receiver(handler, self)
            let result: Int32
            switch target {
            case .url(let url):
                let url = try memory.text(url, "url")
                receiver.attach(to: &c)
                result = egret_ws_connect(loop.c, url, &c, handle)
            case .host(let host, let port):
                let host = try memory.text(host, "host")
                receiver.attach(to: &c)
                result = egret_ws_connect_host(loop.c, host, port, &c, handle)
            }
            let refusal = Result { () throws(Error) in try checked(result) }
            withExtendedLifetime((memory, loop)) {}
            if result < 0 { receiver.detach() }
            _ = try refusal.get()
        }

        deinit {
            // There is no handle if connect failed.
            if let c { egret_ws_free(c) }
            handle.deallocate()
        }

        var c: OpaquePointer? { handle.pointee }

        /// Queues a text message. It never waits: it throws `backpressure` if the send queue is full; `onDrain` reports when
        /// there is room.
        public func trySend(_ text: String) throws(Error) {
            var text = text
            try checked(text.withUTF8 { egret_ws_send(c, EGRET_WS_TEXT, $0.baseAddress, $0.count) })
        }

        /// Queues a binary message.
        public func trySend(_ data: Data) throws(Error) {
            try checked(data.withUnsafeBytes { egret_ws_send(c, EGRET_WS_BINARY, $0.baseAddress, $0.count) })
        }

        /// Queues the bytes of a buffer as a binary message.
        public func trySend(bytes: UnsafeRawBufferPointer) throws(Error) {
            try checked(egret_ws_send(c, EGRET_WS_BINARY, bytes.baseAddress, bytes.count))
        }

        /// Begins to close; `onClose`, or `closed`, reports the outcome. Messages beyond `maxUnreadBytes` that arrive after it are
        /// dropped.
        public func beginClose(code: UInt16 = 1000, reason: String = "") throws(Error) {
            var reason = reason
            let result = reason.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { egret_ws_close(c, code, $0.baseAddress, $0.count) }
            }
            try checked(result)
            if shared.update({ $0.inbox?.close() ?? false }) { adjustReceiving() }
        }

        /// Ends the connection immediately, without a closing handshake; `onClose`, or `closed`, reports `aborted`. Unwritten
        /// messages are dropped. If the polling thread calls it, no message follows.
        public func abort() throws(Error) {
            try checked(egret_ws_abort(c))
            if shared.update({ $0.inbox?.close() ?? false }) { adjustReceiving() }
        }

        /// Stops reading from the connection, so that TCP slows the peer down. Not for sockets of tasks, because these stop
        /// automatically when tasks do not read.
        public func pauseReceive() throws(Error) { try setReceivingByHand(paused: true) }
        public func resumeReceive() throws(Error) { try setReceivingByHand(paused: false) }

        private func setReceivingByHand(paused: Bool) throws(Error) {
            if shared.update({ $0.inbox != nil }) {
                throw Error(.invalidArgument, "tasks read this socket, so it pauses and resumes receiving automatically")
            }
            try setReceiving(paused: paused)
        }

        func setReceiving(paused: Bool) throws(Error) {
            try checked(paused ? egret_ws_pause_receive(c) : egret_ws_resume_receive(c))
        }

        /// The state of the socket. It is also `.closed` after the loop was freed.
        public var state: State { State(rawValue: egret_ws_state(c)) ?? .closed }

        /// The close report, from `onClose` on; nil before.
        public var closeInfo: CloseInfo? {
            var info = egret_ws_close_info()
            info.struct_size = UInt32(MemoryLayout<egret_ws_close_info>.size)
            return egret_ws_close_report(c, &info) == EGRET_WS_OK ? CloseInfo(info) : nil
        }

        /// The number of payload bytes that were accepted and are not yet passed to the operating system.
        public var bufferedAmount: Int64 {
            get throws(Error) { try checked(egret_ws_buffered_amount(c)) }
        }

        /// The number of connections that `onConnect` has reported so far.
        public var generation: Int32 {
            get throws(Error) { try checked(egret_ws_generation(c)) }
        }

        /// Ends the wait before a reconnection, or the wait after `onRequest` has answered `wait`.
        public func retryNow() throws(Error) { try checked(egret_ws_retry_now(c)) }

        /// Sends a ping with a payload of at most 125 bytes. `onPong` or `Event.pong` reports the answer, and `statistics`
        /// contains the round-trip time.
        public func ping(_ payload: Data = Data()) throws(Error) {
            try checked(payload.withUnsafeBytes { egret_ws_ping(c, $0.baseAddress, $0.count) })
        }

        public var statistics: Statistics {
            get throws(Error) {
                var statistics = egret_ws_statistics()
                statistics.struct_size = UInt32(MemoryLayout<egret_ws_statistics>.size)
                try checked(egret_ws_stats(c, &statistics))
                return Statistics(statistics)
            }
        }

        /// The address of the server, or of the proxy if there is one, such as `192.0.2.1:443`.
        public var remoteAddress: String {
            get throws(Error) { try text { egret_ws_remote_address(c, $0, $1) } }
        }

        /// The subprotocol that the server chose; empty if it chose none.
        public var subprotocol: String {
            get throws(Error) { try text { egret_ws_subprotocol(c, $0, $1) } }
        }

        public var extensions: String {
            get throws(Error) { try text { egret_ws_extensions(c, $0, $1) } }
        }

        /// Returns the value of a header in the server's answer, or nil. Several values are joined with `, `.
        public func responseHeader(_ name: String) throws(Error) -> String? {
            let memory = CMemory()
            let cName = try memory.text(name, "name")
            do {
                return try withExtendedLifetime(memory) { () throws(Error) -> String in
                    try text { egret_ws_response_header(c, cName, $0, $1) }
                }
            } catch {
                if error.code == .notFound { return nil }
                throw error
            }
        }

        /// All headers in the server's answer. Each is `Name: value` and a line feed.
        public var responseHeaders: String {
            get throws(Error) { try text { egret_ws_response_headers(c, $0, $1) } }
        }
    }
}
