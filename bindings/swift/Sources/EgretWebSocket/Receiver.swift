// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

/// The state of a socket that tasks wait for.
struct SocketEvents: Sendable {
    var connections = 0
    var drains = 0
    var closed: CloseInfo?
    /// No callback follows. If `closed` is nil, the socket or its loop was freed before the end.
    var released = false

    /// Received messages; those from index `next` on are not read yet.
    private var unread: [WebSocketMessage] = []
    private var next = 0
    private var unreadBytes = 0
    var overflowed = false

    mutating func put(_ message: WebSocketMessage, limit: Int) {
        // An empty message needs memory too.
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
        // On average, each message is moved at most once.
        if next * 2 >= unread.count {
            unread.removeFirst(next)
            next = 0
        }
        return message
    }
}

/// A class, so that a callback retains only the closure that it calls.
final class KeptCallbacks {
    let on: WebSocketCallbacks
    init(_ on: WebSocketCallbacks) { self.on = on }
}

final class WeakDelegate {
    weak var delegate: (any WebSocketDelegate)?
    init(_ delegate: any WebSocketDelegate) { self.delegate = delegate }
}

/// The `user` of C's callbacks: retained when the socket is made, released by `release_user`.
///
/// Only the polling thread uses it, during polls. It does not keep the socket alive.
final class Receiver {
    enum Handler {
        case callbacks(KeptCallbacks)
        case delegate(WeakDelegate)
        /// The limit of unread bytes.
        case queue(maxUnreadBytes: Int)
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
        // Keeps a strong reference until the callback has returned.
        guard let socket else { return }
        events.update { $0.connections += 1 }
        switch handler {
        case .callbacks(let kept): kept.on.onConnect?(socket)
        case .delegate(let weak): weak.delegate?.webSocketDidConnect(socket)
        case .queue: break
        }
    }

    func didReceive(_ bytes: UnsafeRawBufferPointer, isText: Bool) {
        guard let socket else { return }
        // Made only if a closure or task uses it: one copy.
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
        case .queue(let limit):
            let message = message()
            let overflowed = events.update { events in
                events.put(message, limit: limit)
                return events.overflowed
            }
            // If it is already closing, that is not an error.
            if overflowed { try? socket.close(code: 1008, reason: "messages are not read") }
        }
    }

    func didClose(_ info: CloseInfo) {
        guard let socket else { return }
        events.update { $0.closed = info }
        switch handler {
        case .callbacks(let kept): kept.on.onClose?(socket, info)
        case .delegate(let weak): weak.delegate?.webSocket(socket, didClose: info)
        case .queue: break
        }
    }

    func didDrain() {
        guard let socket else { return }
        events.update { $0.drains += 1 }
        switch handler {
        case .callbacks(let kept): kept.on.onDrain?(socket)
        case .delegate(let weak): weak.delegate?.webSocketDidDrain(socket)
        case .queue: break
        }
    }

    func willRetry(_ info: CloseInfo, attempt: UInt32, delayMs: UInt32) {
        guard let socket else { return }
        // Tasks that wait for room try again, and find that the socket is not open.
        events.update { $0.drains += 1 }
        switch handler {
        case .callbacks(let kept): kept.on.onRetry?(socket, info, attempt, delayMs)
        case .delegate(let weak):
            weak.delegate?.webSocket(socket, willRetryAfter: info, attempt: attempt, delayMs: delayMs)
        case .queue: break
        }
    }

    deinit { events.update { $0.released = true } }
}

extension Receiver {
    /// Sets this receiver as C's `user` and callbacks, with a reference that C owns.
    func attach(to c: inout egret_ws_options) {
        c.user = Unmanaged.passRetained(self).toOpaque()
        c.on_connect = { user, _ in Receiver.of(user).didConnect() }
        c.on_message = { user, _, kind, data, count in
            Receiver.of(user).didReceive(.init(start: data, count: count), isText: kind == EGRET_WS_TEXT)
        }
        c.on_close = { user, _, info in Receiver.of(user).didClose(CloseInfo(info!.pointee)) }
        c.on_drain = { user, _ in Receiver.of(user).didDrain() }
        c.on_retry = { user, _, info, attempt, delay in
            Receiver.of(user).willRetry(CloseInfo(info!.pointee), attempt: attempt, delayMs: delay)
        }
        c.release_user = { Unmanaged<Receiver>.fromOpaque($0!).release() }
    }

    /// Releases C's reference if no socket was made.
    func detach() { Unmanaged.passUnretained(self).release() }

    private static func of(_ user: UnsafeMutableRawPointer?) -> Receiver {
        Unmanaged<Receiver>.fromOpaque(user!).takeUnretainedValue()
    }
}
