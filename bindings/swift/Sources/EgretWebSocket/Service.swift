// SPDX-License-Identifier: MIT OR Apache-2.0
import Dispatch
import Foundation

extension EgretWS {
    /// A loop for tasks with async/await. It polls itself on its own dispatch queue.
    public final class Service: Sendable {
        /// The shared service, with default options. If it cannot be created, the next use tries again.
        public static var shared: Service {
            get throws(Error) { try made.get { () throws(Error) in try Service() } }
        }
        private static let made = MadeOnce<Service>()

        private let handle: LoopHandle
        private let queue: DispatchQueue

        /// Refuses `inline` with `unsupported`, because without an I/O thread nothing reports that a poll is needed.
        public init(_ options: LoopOptions = .init()) throws(Error) {
            let queue = DispatchQueue(label: "egret-ws")
            let polled = Awaited<WeakLoop>(WeakLoop())
            handle = try LoopHandle(options) {
                // It is called once before each poll, and again if a poll left events.
                queue.async { _ = try? polled.update { $0.loop }?.poll(.atOnce) }
            }
            self.queue = queue
            polled.update { [handle] in $0.loop = handle }
            // For events before this line, there was no loop to poll.
            queue.async { _ = try? polled.update { $0.loop }?.poll(.atOnce) }
        }

        /// Contains the functions suspend, resume and networkChanged.
        public var control: LoopControl { handle.control }

        /// Connects, and returns when the socket is open. If the task is cancelled before that, the attempt ends.
        ///
        /// `onRequest` is called before each connection, including the first one, and may change the request.
        public func connect(
            _ url: String, options: SocketOptions = .init(), onRequest: AsyncRequestHook? = nil
        ) async throws(Error) -> Socket {
            let socket = try beginConnect(url, options: options, onRequest: onRequest)
            try await socket.connected()
            return socket
        }

        /// Begins to connect, and returns the socket before it is open.
        public func beginConnect(
            _ url: String, options: SocketOptions = .init(), onRequest: AsyncRequestHook? = nil
        ) throws(Error) -> Socket {
            try Socket(.url(url), options, .inbox(onRequest.map { RequestTask($0) }), handle, keepingAlive: self)
        }

        public func connect(
            _ url: URL, options: SocketOptions = .init(), onRequest: AsyncRequestHook? = nil
        ) async throws(Error) -> Socket {
            try await connect(url.absoluteString, options: options, onRequest: onRequest)
        }

        public func beginConnect(
            _ url: URL, options: SocketOptions = .init(), onRequest: AsyncRequestHook? = nil
        ) throws(Error) -> Socket {
            try beginConnect(url.absoluteString, options: options, onRequest: onRequest)
        }

        /// Ends all sockets, frees the loop, and reports the lost messages. It takes at most `linger` (see `LoopOptions`): set
        /// this option if accepted messages must be written before the program ends. Afterwards the service cannot be used any
        /// more.
        @discardableResult
        public func shutDown() async throws(Error) -> FreeReport {
            // This runs on the queue, because no other thread may poll at that time.
            let result = await withCheckedContinuation { continuation in
                queue.async { [handle] in
                    continuation.resume(returning: Result { () throws(Error) in try handle.free() })
                }
            }
            return try result.get()
        }
    }
}

/// A weak reference to the loop. It is stored in an `Awaited`, whose lock protects it.
private struct WeakLoop: Sendable {
    weak var loop: LoopHandle?
}

/// A value that is created at its first use. A failure is not kept: the next use tries again.
final class MadeOnce<Value: Sendable>: Sendable {
    private let made = Awaited<Value?>(nil)

    /// `make` runs without the lock, so two threads may both create a value at the beginning; the first value is used.
    func get(_ make: () throws(EgretWS.Error) -> Value) throws(EgretWS.Error) -> Value {
        if let value = made.update({ $0 }) { return value }
        let value = try make()
        return made.update { made in
            let first = made ?? value
            made = first
            return first
        }
    }
}
