// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

extension WebSocket {
    /// Waits until the connection is open, or throws how it ended. A cancelled task stops waiting; the socket stays open.
    public func opened() async throws {
        try await events.wait { events -> Result<Void, WebSocketError>? in
            if events.connections > 0 { return .success(()) }
            return events.end.map { .failure($0 ?? WebSocketError(.aborted, closeInfo: events.closed)) }
        }.get()
    }

    /// Sends a text message. Waits until the send buffer has room.
    public func send(_ text: String) async throws {
        try await whenThereIsRoom { () throws(WebSocketError) in try self.send(text) }
    }

    /// Sends a binary message. Waits until the send buffer has room.
    public func send(_ data: Data) async throws {
        try await whenThereIsRoom { () throws(WebSocketError) in try self.send(data) }
    }

    private func whenThereIsRoom(_ send: () throws(WebSocketError) -> Void) async throws {
        while true {
            // Reads the counter before the attempt, so that room that appears between the two is not missed.
            let drains = events.update { $0.drains }
            do {
                return try send()
            } catch {
                guard error.code == .backpressure else { throw error }
            }
            try await events.wait { $0.drains != drains || $0.end != nil ? () : nil }
        }
    }

    /// Closes, waits for the end, and returns the close report.
    @discardableResult
    public func close(code: UInt16 = 1000, reason: String = "") async throws -> CloseInfo {
        try self.startClose(code, reason)
        return try await closed()
    }

    private func startClose(_ code: UInt16, _ reason: String) throws(WebSocketError) {
        try self.close(code: code, reason: reason)
    }

    /// Waits for the end and returns the close report. Throws `aborted` if the loop is freed before.
    public func closed() async throws -> CloseInfo {
        try await events.wait { events -> Result<CloseInfo, WebSocketError>? in
            if let info = events.closed { return .success(info) }
            return events.released ? .failure(WebSocketError(.aborted)) : nil
        }.get()
    }

    /// The messages, for one reader. The stream ends at a clean close; after any other end it throws the error. It keeps the
    /// socket alive. If the reading task is cancelled it throws CancellationError; the socket stays open and can be read
    /// again.
    ///
    /// Only for sockets without callbacks and delegate.
    public var messages: AsyncThrowingStream<WebSocketMessage, any Error> {
        AsyncThrowingStream { try await self.nextMessage() }
    }

    func nextMessage() async throws -> WebSocketMessage? {
        guard isRead else { throw WebSocketError(.invalidArgument) }
        return try await events.wait { events -> Result<WebSocketMessage?, WebSocketError>? in
            if let message = events.take() { return .success(message) }
            if events.overflowed { return .failure(WebSocketError(.backpressure, closeInfo: events.closed)) }
            return events.end.map { error in error.map { .failure($0) } ?? .success(nil) }
        }.get()
    }
}

extension SocketEvents {
    /// The end if there was one: an error, or no error after a clean close.
    var end: WebSocketError?? {
        if let closed { return .some(closed.wasClean ? nil : WebSocketError(closed.error, closeInfo: closed)) }
        return released ? .some(WebSocketError(.aborted)) : nil
    }
}
