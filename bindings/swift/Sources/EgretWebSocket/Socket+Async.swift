// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

/// Functions for tasks. A task that is cancelled while it waits gets `cancelled`; the socket stays open.
extension EgretWS.Socket {
    /// Waits until the connection is open; with `retryAttempts`, this may be the next connection. Throws the error with which the
    /// socket ended, or `notOpen` if it is closing or has ended cleanly.
    public func opened() async throws(EgretWS.Error) {
        try await waitForConnection { $0.isOpen }
        if state == .closing { throw EgretWS.Error(.notOpen, "the socket is closing") }
    }

    /// Waits for the first connection. It may have ended already, but its messages can be read.
    func connected() async throws(EgretWS.Error) {
        try await waitForConnection { $0.connections > 0 }
    }

    private func waitForConnection(_ isThere: @escaping @Sendable (SocketState) -> Bool) async throws(EgretWS.Error) {
        try await shared.wait { shared in
            if isThere(shared) { return .success(()) }
            guard let end = shared.end else { return nil }
            return .failure(end ?? EgretWS.Error(.notOpen, "the socket has closed", closeInfo: shared.closed))
        }
    }

    /// Sends a text message. Waits until the send queue has room.
    public func send(_ text: String) async throws(EgretWS.Error) {
        try await whenThereIsRoom { () throws(EgretWS.Error) in try self.trySend(text) }
    }

    /// Sends a binary message. Waits until the send queue has room.
    public func send(_ data: Data) async throws(EgretWS.Error) {
        try await whenThereIsRoom { () throws(EgretWS.Error) in try self.trySend(data) }
    }

    private func whenThereIsRoom(_ send: () throws(EgretWS.Error) -> Void) async throws(EgretWS.Error) {
        while true {
            // The counter is read before the attempt, so that a drain between the two is not missed.
            let drains = shared.update { $0.drains }
            do {
                return try send()
            } catch {
                guard error.code == .backpressure else { throw error }
            }
            try await shared.wait { $0.drains != drains || $0.end != nil ? .success(()) : nil }
        }
    }

    /// Closes, waits for the end, and returns the close report.
    @discardableResult
    public func close(code: UInt16 = 1000, reason: String = "") async throws(EgretWS.Error) -> EgretWS.CloseInfo {
        try beginClose(code: code, reason: reason)
        return try await closed()
    }

    /// Waits for the end and returns the close report. Throws `aborted` if the loop is freed before the end.
    ///
    /// A socket for tasks stops receiving while too many of its events are unread (`maxUnreadBytes`). So a connection ends only
    /// if a reader reads, or if this side closes.
    public func closed() async throws(EgretWS.Error) -> EgretWS.CloseInfo {
        try await shared.wait { shared in
            if let info = shared.closed { return .success(info) }
            return shared.released ? .failure(.loopFreed) : nil
        }
    }

    /// The messages. Like `events`, only for sockets without callbacks and delegate.
    public var messages: EgretWS.Messages { EgretWS.Messages(socket: self) }

    /// All events of the socket, in order, for example for a task that logs in again after a reconnection.
    public var events: EgretWS.Events { EgretWS.Events(socket: self) }

    /// Makes C pause or resume receiving, according to the unread events.
    func adjustReceiving() {
        var change = shared.update { $0.inbox?.beginChange() }
        while let pause = change {
            // It fails only if the socket has ended or was freed.
            try? setReceiving(paused: pause)
            change = shared.update { $0.inbox?.endChange() }
        }
    }
}
