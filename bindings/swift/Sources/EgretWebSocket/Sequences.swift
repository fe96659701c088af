// SPDX-License-Identifier: MIT OR Apache-2.0

extension EgretWS {
    /// The events of a socket, for one reader at a time: a second reader gets `busy`. They end after `closed`.
    ///
    /// The reader is an iterator, from its first event until it is released, ends or throws. If the reading task is cancelled,
    /// it gets `cancelled`; the socket stays open and can be read again.
    public struct Events: AsyncSequence, Sendable {
        public typealias Element = Event
        public typealias Failure = EgretWS.Error
        let socket: Socket

        public func makeAsyncIterator() -> Iterator { Iterator(reader: Reader(socket)) }

        public struct Iterator: AsyncIteratorProtocol, Sendable {
            let reader: Reader
            private var ended = false

            init(reader: Reader) { self.reader = reader }

            public mutating func next() async throws(EgretWS.Error) -> Event? {
                if ended { return nil }
                let event = try await reader.next()
                if case .closed = event {
                    ended = true
                    reader.end()
                }
                return event
            }
        }
    }

    /// The messages of a socket, for one reader at a time, like `Events`. They end at a clean close, and throw the error of any
    /// other end. Other events are skipped: after a reconnection, the messages of the next connection follow.
    public struct Messages: AsyncSequence, Sendable {
        public typealias Element = Message
        public typealias Failure = EgretWS.Error
        let socket: Socket

        public func makeAsyncIterator() -> Iterator { Iterator(events: socket.events.makeAsyncIterator()) }

        public struct Iterator: AsyncIteratorProtocol, Sendable {
            private var events: Events.Iterator

            init(events: Events.Iterator) { self.events = events }

            public mutating func next() async throws(EgretWS.Error) -> Message? {
                while let event = try await events.next() {
                    switch event {
                    case .message(let message): return message
                    case .closed(let info):
                        if let error = events.reader.socket.shared.update({ $0.error(of: info) }) { throw error }
                    case .connected, .pong, .retrying: break
                    }
                }
                return nil
            }
        }
    }
}

/// The right of one iterator to read a socket.
final class Reader: Sendable {
    let socket: EgretWS.Socket
    private let id: UInt64

    init(_ socket: EgretWS.Socket) {
        self.socket = socket
        id = socket.shared.update { $0.newReader() }
    }

    func next() async throws(EgretWS.Error) -> EgretWS.Event {
        do throws(EgretWS.Error) {
            let (event, mayChange) = try await socket.shared.wait { [id] state -> Result<Inbox.Taken, EgretWS.Error>? in
                if let error = state.claim(id) { return .failure(error) }
                if let taken = state.inbox?.take() { return .success(taken) }
                if let info = state.closed { return .success((event: .closed(info), mayChange: false)) }
                return state.released ? .failure(.loopFreed) : nil
            }
            if mayChange { socket.adjustReceiving() }
            return event
        } catch {
            end()
            throw error
        }
    }

    /// Ends the right to read, so that another reader may begin.
    func end() { socket.shared.update { $0.disclaim(id) } }

    deinit { end() }
}
