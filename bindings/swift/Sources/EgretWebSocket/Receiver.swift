// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

/// This is a class, so that a callback retains only the closure that it calls.
final class KeptCallbacks {
    let on: EgretWS.SocketCallbacks
    init(_ on: EgretWS.SocketCallbacks) { self.on = on }
}

final class WeakDelegate {
    private weak var delegate: (any EgretWS.SocketDelegate)?
    init(_ delegate: any EgretWS.SocketDelegate) { self.delegate = delegate }

    /// Only functions of the main actor create sockets with a delegate, so their loop is polled there.
    func call(_ body: @MainActor (any EgretWS.SocketDelegate) -> Void) {
        guard let delegate else { return }
        MainActor.assumeIsolated { body(delegate) }
    }
}

/// The `user` of C's callbacks. It is retained when the socket is created, and released by `release_user`.
///
/// Only the polling thread uses it, during polls. It does not keep the socket alive.
final class Receiver {
    enum Handler {
        case callbacks(KeptCallbacks)
        case delegate(WeakDelegate)
        /// Events wait for tasks.
        case inbox(RequestTask?)
    }

    private let handler: Handler
    private let state: Awaited<SocketState>
    private weak var socket: EgretWS.Socket?

    init(_ handler: Handler, _ socket: EgretWS.Socket) {
        self.handler = handler
        self.socket = socket
        state = socket.shared
    }

    func didConnect() {
        // This keeps a strong reference until the callback has returned.
        guard let socket else { return }
        state.update {
            $0.connections += 1
            $0.isOpen = true
        }
        switch handler {
        case .callbacks(let kept): kept.on.onConnect?(socket)
        case .delegate(let weak): weak.call { $0.socketDidConnect(socket) }
        case .inbox: put(.connected, socket)
        }
    }

    func didReceive(_ bytes: UnsafeRawBufferPointer, isText: Bool) {
        guard let socket else { return }
        // The message is created only if a closure or task uses it. This is one copy.
        func message() -> EgretWS.Message {
            isText ? .text(String(decoding: bytes, as: UTF8.self)) : .data(Data(bytes))
        }
        switch handler {
        case .callbacks(let kept):
            if let onBytes = kept.on.onBytes {
                onBytes(socket, bytes, isText)
            } else if let onMessage = kept.on.onMessage {
                onMessage(socket, message())
            }
        case .delegate(let weak):
            let message = message()
            weak.call { $0.socket(socket, didReceive: message) }
        case .inbox: put(.message(message()), socket)
        }
    }

    func didReceivePong(_ payload: UnsafeRawBufferPointer) {
        guard let socket else { return }
        let payload = Data(payload)
        switch handler {
        case .callbacks(let kept): kept.on.onPong?(socket, payload)
        case .delegate(let weak): weak.call { $0.socket(socket, didReceivePong: payload) }
        case .inbox: put(.pong(payload), socket)
        }
    }

    func didClose(_ info: EgretWS.CloseInfo) {
        guard let socket else { return }
        state.update {
            $0.isOpen = false
            $0.closed = info
        }
        switch handler {
        case .callbacks(let kept): kept.on.onClose?(socket, info)
        case .delegate(let weak): weak.call { $0.socket(socket, didClose: info) }
        case .inbox: break
        }
    }

    func didDrain() {
        guard let socket else { return }
        state.update { $0.drains += 1 }
        switch handler {
        case .callbacks(let kept): kept.on.onDrain?(socket)
        case .delegate(let weak): weak.call { $0.socketDidDrain(socket) }
        case .inbox: break
        }
    }

    func willRetry(_ info: EgretWS.CloseInfo, attempt: Int, delay: EgretWS.Timeout) {
        guard let socket else { return }
        // Tasks that wait for room try again, and then detect that the socket is not open.
        state.update {
            $0.isOpen = false
            $0.drains += 1
        }
        switch handler {
        case .callbacks(let kept): kept.on.onRetry?(socket, info, attempt, delay)
        case .delegate(let weak):
            weak.call { $0.socket(socket, willRetryAfter: info, attempt: attempt, delay: delay) }
        case .inbox: put(.retrying(after: info, attempt: attempt, delay: delay), socket)
        }
    }

    func willRequest(_ request: EgretWS.Request, _ c: OpaquePointer?) -> EgretWS.RequestAnswer {
        // If there is no socket, the connection is not needed.
        guard let socket else { return .stop }
        do {
            guard let (changed, answer) = try answer(to: request, socket) else { return .wait }
            try changed.apply(to: c)
            return answer
        } catch {
            state.update { $0.requestError = error }
            return .stop
        }
    }

    private func answer(
        to request: EgretWS.Request, _ socket: EgretWS.Socket
    ) throws -> (EgretWS.Request, EgretWS.RequestAnswer)? {
        var changed = request
        switch handler {
        case .callbacks(let kept):
            let answer = try kept.on.onRequest?(socket, &changed) ?? .continue
            return (changed, answer)
        case .delegate(let weak):
            var result: Result<(EgretWS.Request, EgretWS.RequestAnswer), any Error> = .success((request, .continue))
            weak.call { delegate in
                result = Result {
                    var changed = request
                    let answer = try delegate.socket(socket, willSend: &changed)
                    return (changed, answer)
                }
            }
            return try result.get()
        case .inbox(let task):
            guard let task else { return (request, .continue) }
            return try task.answer(to: request, on: socket)
        }
    }

    func didTrace(_ frame: EgretWS.Frame) {
        guard let socket, case .callbacks(let kept) = handler else { return }
        kept.on.onFrame?(socket, frame)
    }

    private func put(_ event: EgretWS.Event, _ socket: EgretWS.Socket) {
        if state.update({ $0.inbox?.put(event) ?? false }) { socket.adjustReceiving() }
    }

    /// Whether C must call `on_request` before each connection.
    fileprivate var hasRequestHook: Bool {
        switch handler {
        case .callbacks(let kept): kept.on.onRequest != nil
        case .delegate: true
        case .inbox(let task): task != nil
        }
    }

    /// Whether C must report each frame.
    fileprivate var tracesFrames: Bool {
        guard case .callbacks(let kept) = handler else { return false }
        return kept.on.onFrame != nil
    }

    deinit {
        state.update {
            $0.isOpen = false
            $0.released = true
        }
    }
}

extension Receiver {
    /// Sets this receiver as C's `user` and callbacks, with a reference that C owns.
    func attach(to c: inout egret_ws_options) {
        c.user = Unmanaged.passRetained(self).toOpaque()
        c.on_connect = { user, _ in Receiver.of(user).didConnect() }
        c.on_message = { user, _, kind, data, count in
            Receiver.of(user).didReceive(.init(start: data, count: count), isText: kind == EGRET_WS_TEXT)
        }
        c.on_pong = { user, _, data, count in Receiver.of(user).didReceivePong(.init(start: data, count: count)) }
        c.on_close = { user, _, info in Receiver.of(user).didClose(.init(info!.pointee)) }
        c.on_drain = { user, _ in Receiver.of(user).didDrain() }
        c.on_retry = { user, _, info, attempt, delay in
            Receiver.of(user).willRetry(.init(info!.pointee), attempt: Int(attempt), delay: .init(c: delay))
        }
        if hasRequestHook {
            c.on_request = { user, _, attempt, last, request in
                let asked = EgretWS.Request(attempt: Int(attempt), last: last.map { .init($0.pointee) })
                return Receiver.of(user).willRequest(asked, request).rawValue
            }
        }
        if tracesFrames {
            c.on_frame = { user, _, direction, opcode, flags, length in
                Receiver.of(user).didTrace(.init(direction: direction, opcode: opcode, flags: flags, length: length))
            }
        }
        c.release_user = { Unmanaged<Receiver>.fromOpaque($0!).release() }
    }

    /// Releases C's reference if no socket was created.
    func detach() { Unmanaged.passUnretained(self).release() }

    private static func of(_ user: UnsafeMutableRawPointer?) -> Receiver {
        Unmanaged<Receiver>.fromOpaque(user!).takeUnretainedValue()
    }
}
