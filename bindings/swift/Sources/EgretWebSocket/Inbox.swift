// SPDX-License-Identifier: MIT OR Apache-2.0
import Foundation

extension EgretWS {
    /// An event of a socket, as `events` returns it.
    public enum Event: Sendable {
        /// The connection is open: the first time, or again after `retrying`. Log in now.
        case connected
        case message(Message)
        /// The answer to a `ping`, with its payload.
        case pong(Data)
        /// The connection was lost or could not be made. The next attempt begins after `delay`; `retryNow` ends the wait.
        case retrying(after: CloseInfo, attempt: Int, delay: Timeout)
        /// The end: the last event.
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

/// The events that were dispatched and that no task has read yet, and whether the socket is to receive more.
struct Inbox: Sendable {
    /// Those from index `next` on are not read yet.
    private var unread: [EgretWS.Event?] = []
    private var next = 0
    private var bytes = 0
    private let limit: Int
    /// Set when the limit is reached, cleared when half of it is unread.
    private var isFull = false
    /// This side closes: the connection must reach its end, so messages beyond the limit are dropped.
    private var isClosing = false

    /// The last state that C got, or is about to get.
    private var isPaused = false
    private var isChanging = false

    init(limit: Int) { self.limit = limit }

    private var wantsPause: Bool { isFull && !isClosing }
    private static func cost(_ event: EgretWS.Event) -> Int { event.byteCount + MemoryLayout<EgretWS.Event>.stride }

    /// Adds an event. Returns whether `beginChange` has something to do.
    mutating func put(_ event: EgretWS.Event) -> Bool {
        if isFull {
            switch event {
            case .message, .pong:
                if isClosing { return false }
            case .retrying:
                // Connections that nobody reads must not fill the memory: the last loss replaces those before it.
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

    /// An event, and whether `beginChange` has something to do.
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

    /// Returns whether `beginChange` has something to do.
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

    /// The next call of C: pause (true) or resume; nil if there is none, or if another thread is about to make it. The caller calls C
    /// without the lock, and then `endChange`. So these calls come one after the other and the last one has the last state.
    mutating func beginChange() -> Bool? {
        guard !isChanging, wantsPause != isPaused else { return nil }
        isChanging = true
        isPaused = wantsPause
        return isPaused
    }

    /// The next call of C.
    mutating func endChange() -> Bool? {
        isChanging = false
        return beginChange()
    }
}
