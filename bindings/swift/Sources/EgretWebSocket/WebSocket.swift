// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

/// A socket. Its functions may be called from any thread and in any callback. It is freed when its last reference is
/// released, also in one of its callbacks. An open socket is then closed with 1001.
public final class WebSocket: Sendable {
    public enum State: Int32, Sendable {
        // generated: states, by "make header"; do not edit
        case connecting = 0, open, closing, closed
        // generated: end
    }

    enum Target {
        case url(String)
        case host(String, UInt16)
    }

    let events = Awaited(SocketEvents())
    /// C writes the handle here: once, before any callback of this socket begins (which may be before connect returns).
    /// It is read only after that, so `nonisolated(unsafe)` is safe. The handle is a number that any thread may use.
    private nonisolated(unsafe) let handle: UnsafeMutablePointer<OpaquePointer?>
    /// The service, which must live as long as its sockets.
    private let keptAlive: (any AnyObject & Sendable)?
    private let queuesMessages: Bool

    init(
        _ target: Target, _ options: WebSocketOptions, _ handler: Receiver.Handler, _ loop: LoopHandle,
        keepingAlive keptAlive: (any AnyObject & Sendable)? = nil
    ) throws(WebSocketError) {
        self.keptAlive = keptAlive
        if case .queue = handler { queuesMessages = true } else { queuesMessages = false }
        handle = .allocate(capacity: 1)
        handle.initialize(to: nil)
        let memory = CMemory()
        var c = try options.c(in: memory)
        let receiver = Receiver(handler, self)
        let result: Int32
        switch target {
        case .url(let url):
            let url = try memory.text(url)
            receiver.attach(to: &c)
            result = egret_ws_connect(loop.c, url, &c, handle)
        case .host(let host, let port):
            let host = try memory.text(host)
            receiver.attach(to: &c)
            result = egret_ws_connect_host(loop.c, host, port, &c, handle)
        }
        withExtendedLifetime((memory, loop)) {}
        if result < 0 { receiver.detach() }
        try checked(result)
    }

    deinit {
        // There is no handle if connect failed.
        if let c { egret_ws_free(c) }
        handle.deallocate()
    }

    private var c: OpaquePointer? { handle.pointee }

    /// Queues a text message. Never waits: throws `backpressure` if the send buffer is full; `onDrain` reports when it has room.
    public func send(_ text: String) throws(WebSocketError) {
        var text = text
        let result = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { egret_ws_send(c, EGRET_WS_TEXT, $0.baseAddress, $0.count) }
        }
        try checked(result)
    }

    /// Queues a binary message.
    public func send(_ data: Data) throws(WebSocketError) {
        try checked(data.withUnsafeBytes { sendResult($0) })
    }

    /// Queues the bytes of a buffer as a binary message.
    public func send(bytes: UnsafeRawBufferPointer) throws(WebSocketError) { try checked(sendResult(bytes)) }

    private func sendResult(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        egret_ws_send(c, EGRET_WS_BINARY, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    /// Begins to close; `onClose`, or `closed`, reports the outcome.
    public func close(code: UInt16 = 1000, reason: String = "") throws(WebSocketError) {
        var reason = reason
        let result = reason.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { egret_ws_close(c, code, $0.baseAddress, $0.count) }
        }
        try checked(result)
    }

    /// `.closed` also when the loop was freed.
    public var state: State { State(rawValue: egret_ws_state(c)) ?? .closed }

    /// Payload bytes that were accepted and are not yet passed to the operating system.
    public var bufferedAmount: Int64 {
        get throws(WebSocketError) { try checked(egret_ws_buffered_amount(c)) }
    }

    /// How many connections `onConnect` has reported so far.
    public var generation: Int32 {
        get throws(WebSocketError) { try checked(egret_ws_generation(c)) }
    }

    /// Ends the wait before a reconnection.
    public func retryNow() throws(WebSocketError) { try checked(egret_ws_retry_now(c)) }

    /// Sends a ping to measure the round-trip time: see `stats`.
    public func ping() throws(WebSocketError) { try checked(egret_ws_ping(c, nil, 0)) }

    public var stats: WebSocketStats {
        get throws(WebSocketError) {
            var stats = egret_ws_statistics()
            stats.struct_size = UInt32(MemoryLayout<egret_ws_statistics>.size)
            try checked(egret_ws_stats(c, &stats))
            return WebSocketStats(stats)
        }
    }

    /// The subprotocol that the server chose, or an empty text.
    public var subprotocol: String {
        get throws(WebSocketError) { try text { egret_ws_subprotocol(c, $0, $1) } }
    }

    public var extensions: String {
        get throws(WebSocketError) { try text { egret_ws_extensions(c, $0, $1) } }
    }

    /// The address of the connection, such as `192.0.2.1:443` or `[2001:db8::1]:443`; that of the proxy, if there is one. Empty until
    /// `onConnect`.
    public var remoteAddress: String {
        get throws(WebSocketError) { try text { egret_ws_remote_address(c, $0, $1) } }
    }

    /// The value of a header of the server's answer, or nil. Several are joined by `, `.
    public func responseHeader(_ name: String) throws(WebSocketError) -> String? {
        let memory = CMemory()
        let cName = try memory.text(name)
        do {
            return try withExtendedLifetime(memory) { () throws(WebSocketError) -> String in
                try text { egret_ws_response_header(c, cName, $0, $1) }
            }
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// All headers of the server's answer, each `Name: value` and a line feed.
    public var responseHeaders: String {
        get throws(WebSocketError) { try text { egret_ws_response_headers(c, $0, $1) } }
    }

    var isRead: Bool { queuesMessages }
}

/// Reads a text from C, which first returns its length. If the text grows between the two calls, the second one fails.
func text(_ write: (UnsafeMutablePointer<CChar>?, Int) -> Int32) throws(WebSocketError) -> String {
    while true {
        let count = Int(try checked(write(nil, 0)))
        var buffer = [CChar](repeating: 0, count: count + 1)
        let written = buffer.withUnsafeMutableBufferPointer { write($0.baseAddress, $0.count) }
        if written == EGRET_WS_ERR_INVALID_ARGUMENT { continue }
        return String(decoding: buffer.prefix(Int(try checked(written))).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
