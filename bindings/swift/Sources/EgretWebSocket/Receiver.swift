// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

/// What tasks wait for.
struct SocketEvents: Sendable {
    var connections = 0
    var drains = 0
    var closed: CloseInfo?
    /// No callback comes any more; without `closed`, the socket or its loop was freed before.
    var released = false

    /// Messages not read yet: those of `unread` from `next` on.
    private var unread: [WebSocketMessage] = []
    private var next = 0
    private var unreadBytes = 0
    var overflowed = false

    mutating func put(_ message: WebSocketMessage, limit: Int) {
        // An empty message takes memory too.
        unreadBytes += message.byteCount + MemoryLayout<WebSocketMessage>.stride
        overflowed = overflowed || unreadBytes > limit
        if !overflowed { unread.append(message) }
    }

    mutating func take() -> WebSocketMessage? {
        guard next < unread.count else { return nil }
        let message = unread[next]
        unread[next] = .data(Data())
        next += 1
        unreadBytes -= message.byteCount + MemoryLayout<WebSocketMessage>.stride
        // Each is moved once at most, on the average.
        if next * 2 >= unread.count {
            unread.removeFirst(next)
            next = 0
        }
        return message
    }
}

/// In an object, so that a callback retains the one closure that it calls and not all of them.
final class KeptCallbacks {
    let on: WebSocketCallbacks
    init(_ on: WebSocketCallbacks) { self.on = on }
}

final class WeakDelegate {
    weak var delegate: (any WebSocketDelegate)?
    init(_ delegate: any WebSocketDelegate) { self.delegate = delegate }
}

/// What C's callbacks are given as `user`: retained when the socket is made, released by `release_user`.
///
/// Used inside polls only, by the thread that polls. It does not keep the socket alive.
final class Receiver {
    enum Handler {
        case callbacks(KeptCallbacks)
        case delegate(WeakDelegate)
        /// The most unread bytes.
        case inbox(Int)
    }

    private let handler: Handler
    private let events: Awaited<SocketEvents>
    private weak var socket: WebSocket?

    init(_ handler: Handler, _ socket: WebSocket) {
        self.handler = handler
        self.socket = socket
        events = socket.events
    }

    func didConnect() {
        // The strong reference lasts until the callback has returned.
        guard let socket else { return }
        events.update { $0.connections += 1 }
        switch handler {
        case .callbacks(let kept): kept.on.onConnect?(socket)
        case .delegate(let weak): weak.delegate?.webSocketDidConnect(socket)
        case .inbox: break
        }
    }

    func didReceive(_ bytes: UnsafeRawBufferPointer, isText: Bool) {
        guard let socket else { return }
        // Built where somebody takes it: one copy.
        func message() -> WebSocketMessage {
            isText ? .text(String(decoding: bytes, as: UTF8.self)) : .data(Data(bytes))
        }
        switch handler {
        case .callbacks(let kept):
            if let onBytes = kept.on.onBytes {
                onBytes(socket, bytes, isText)
            } else if let onMessage = kept.on.onMessage {
                onMessage(socket, message())
            }
        case .delegate(let weak): weak.delegate?.webSocket(socket, didReceive: message())
        case .inbox(let limit):
            let message = message()
            let overflowed = events.update { events in
                events.put(message, limit: limit)
                return events.overflowed
            }
            // That it is closing already is no error.
            if overflowed { try? socket.close(code: 1008, reason: "messages are not read") }
        }
    }

    func didClose(_ info: CloseInfo) {
        guard let socket else { return }
        events.update { $0.closed = info }
        switch handler {
        case .callbacks(let kept): kept.on.onClose?(socket, info)
        case .delegate(let weak): weak.delegate?.webSocket(socket, didClose: info)
        case .inbox: break
        }
    }

    func didDrain() {
        guard let socket else { return }
        events.update { $0.drains += 1 }
        switch handler {
        case .callbacks(let kept): kept.on.onDrain?(socket)
        case .delegate(let weak): weak.delegate?.webSocketDidDrain(socket)
        case .inbox: break
        }
    }

    func willRetry(_ info: CloseInfo, attempt: UInt32, delayMs: UInt32) {
        guard let socket else { return }
        // Whoever waits for room tries again, and learns that nothing is open.
        events.update { $0.drains += 1 }
        switch handler {
        case .callbacks(let kept): kept.on.onRetry?(socket, info, attempt, delayMs)
        case .delegate(let weak):
            weak.delegate?.webSocket(socket, willRetryAfter: info, attempt: attempt, delayMs: delayMs)
        case .inbox: break
        }
    }

    deinit { events.update { $0.released = true } }
}

extension Receiver {
    /// Makes C call this receiver, and gives C a reference to it.
    func attach(to c: inout egret_ws_options) {
        c.user = Unmanaged.passRetained(self).toOpaque()
        c.on_connect = { user, _ in Receiver.of(user).didConnect() }
        c.on_data = { user, _, kind, data, count in
            Receiver.of(user).didReceive(.init(start: data, count: count), isText: kind == EGRET_WS_TEXT)
        }
        c.on_close = { user, _, info in Receiver.of(user).didClose(CloseInfo(info!.pointee)) }
        c.on_drain = { user, _ in Receiver.of(user).didDrain() }
        c.on_retry = { user, _, info, attempt, delay in
            Receiver.of(user).willRetry(CloseInfo(info!.pointee), attempt: attempt, delayMs: delay)
        }
        c.release_user = { Unmanaged<Receiver>.fromOpaque($0!).release() }
    }

    /// Takes C's reference back, where no socket was made.
    func detach() { Unmanaged.passUnretained(self).release() }

    private static func of(_ user: UnsafeMutableRawPointer?) -> Receiver {
        Unmanaged<Receiver>.fromOpaque(user!).takeUnretainedValue()
    }
}
