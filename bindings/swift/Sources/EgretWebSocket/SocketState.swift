// SPDX-License-Identifier: MIT OR Apache-2.0

/// The state of a socket, for which tasks can wait.
struct SocketState: Sendable {
    var connections = 0
    /// True between `on_connect` and the end of that connection.
    var isOpen = false
    /// Counts the times at which a refused send may be tried again.
    var drains = 0
    var closed: EgretWS.CloseInfo?
    /// True if no callback follows. Then, if `closed` is nil, the socket or its loop was freed before the end.
    var released = false
    /// The error of `onRequest`.
    var requestError: (any Error)?

    /// The unread events; nil if the events go to callbacks or to a delegate.
    var inbox: Inbox?
    private var lastReader: UInt64 = 0
    private var reader: UInt64?

    init(inbox: Inbox?) { self.inbox = inbox }

    /// The end, if the socket has ended: an error, or no error after a clean close.
    var end: EgretWS.Error?? {
        if let closed { return .some(error(of: closed)) }
        return released ? .some(.loopFreed) : nil
    }

    func error(of closed: EgretWS.CloseInfo) -> EgretWS.Error? {
        closed.error.map { EgretWS.Error($0, closed.message, closeInfo: closed, underlyingError: requestError) }
    }

    // Only one reader at a time is allowed, because two readers would each get only some of the events.

    mutating func newReader() -> UInt64 {
        lastReader += 1
        return lastReader
    }

    mutating func claim(_ id: UInt64) -> EgretWS.Error? {
        if inbox == nil {
            return .init(.invalidArgument, "this socket has callbacks or a delegate, which get its events")
        }
        if let reader, reader != id {
            return .init(.busy, "another task reads this socket: only one `events` or `messages` can be read at a time")
        }
        reader = id
        return nil
    }

    mutating func disclaim(_ id: UInt64) {
        if reader == id { reader = nil }
    }
}

extension EgretWS.Error {
    static var loopFreed: Self { Self(.aborted, "the loop of the socket was freed") }
}
