// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

extension EgretWS {
    /// An event of a socket, in the sequence `events`.
    public enum Event: Sendable {
        /// The connection is open, for the first time or again after `retrying`. Log in now.
        case connected
        case message(Message)
        /// The answer to a `ping`, with its payload.
        case pong(Data)
        /// The connection was lost or could not be made. The next attempt begins after `delay`; `retryNow` ends the wait.
        case retrying(after: CloseInfo, attempt: Int, delay: Timeout)
        /// The socket has ended. This is the last event.
        case closed(CloseInfo)

        var byteCount: Int {
            switch self {
            case .message(let message): message.byteCount
            case .pong(let data): data.count
            case .connected, .retrying, .closed: 0
            }
        }
    }
}

/// The events that were dispatched and that no task has read yet. It also decides whether the socket receives more.
struct Inbox: Sendable {
    /// The events from index `next` on are unread.
    private var unread: [EgretWS.Event?] = []
    private var next = 0
    private var bytes = 0
    private let limit: Int
    /// True from the time when the limit is reached until only half of it is unread.
    private var isFull = false
    /// True while this side closes. The connection must reach its end, so messages beyond the limit are dropped.
    private var isClosing = false

    /// The last state that was passed to C, or is about to be passed.
    private var isPaused = false
    private var isChanging = false

    init(limit: Int) { self.limit = limit }

    private var wantsPause: Bool { isFull && !isClosing }
    private static func cost(_ event: EgretWS.Event) -> Int { event.byteCount + MemoryLayout<EgretWS.Event>.stride }

    /// Adds an event. Returns whether `beginChange` must be called.
    mutating func put(_ event: EgretWS.Event) -> Bool {
        if isFull {
            switch event {
            case .message, .pong:
                if isClosing { return false }
            case .retrying:
                // If nobody reads, losses must not fill the memory, so the last loss replaces the earlier ones.
                if case .connected? = last { dropLast() }
                if case .retrying? = last { dropLast() }
            case .connected, .closed: break
            }
        }
        unread.append(event)
        bytes += Self.cost(event)
        isFull = isFull || bytes >= limit
        return wantsPause != isPaused
    }

    /// An event, and whether `beginChange` must be called.
    typealias Taken = (event: EgretWS.Event, mayChange: Bool)

    mutating func take() -> Taken? {
        guard next < unread.count, let event = unread[next] else { return nil }
        unread[next] = nil
        next += 1
        // On average, each event is moved at most once.
        if next * 2 >= unread.count {
            unread.removeFirst(next)
            next = 0
        }
        remove(event)
        return (event, wantsPause != isPaused)
    }

    /// Returns whether `beginChange` must be called.
    mutating func close() -> Bool {
        isClosing = true
        return wantsPause != isPaused
    }

    private var last: EgretWS.Event? { next < unread.count ? unread[unread.count - 1] : nil }

    private mutating func dropLast() {
        if let event = unread.removeLast() { remove(event) }
    }

    private mutating func remove(_ event: EgretWS.Event) {
        bytes -= Self.cost(event)
        if bytes <= limit / 2 { isFull = false }
    }

    /// Returns the next call of C: pause (true) or resume (false). nil: no call is necessary, or another thread is about to
    /// make it. The caller calls C without the lock, and then `endChange`. So these calls never overlap, and the last call
    /// passes the last state.
    mutating func beginChange() -> Bool? {
        guard !isChanging, wantsPause != isPaused else { return nil }
        isChanging = true
        isPaused = wantsPause
        return isPaused
    }

    /// Returns the next call of C, like `beginChange`.
    mutating func endChange() -> Bool? {
        isChanging = false
        return beginChange()
    }
}
