// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// async/await, with a service that polls itself.
final class AsyncTests: XCTestCase {
    func testMessagesAndACleanEnd() async throws {
        let socket = try await EgretWS.Service.shared.connect(echoURL)
        for payload in PollTests.payloads {
            switch payload {
            case .text(let text): try await socket.send(text)
            case .data(let data): try await socket.send(data)
            }
        }
        var received: [EgretWS.Message] = []
        for try await message in socket.messages {
            received.append(message)
            if received.count == PollTests.payloads.count {
                let info = try await socket.close(code: 3000, reason: "bye")
                XCTAssertTrue(info.wasClean)
                XCTAssertEqual(info.code, 3000)
            }
        }
        XCTAssertEqual(received, PollTests.payloads)
        let info = try await socket.closed()
        XCTAssertEqual(info.reason, "bye")
    }

    func testMessagesReceivedBeforeTheEndCanBeReadAfterIt() async throws {
        let socket = try await EgretWS.Service().connect(echoURL)
        for number in 0..<100 { try await socket.send("\(number)") }
        // The echoes arrive in order, before the peer's Close frame.
        try await socket.close()
        var received: [EgretWS.Message] = []
        for try await message in socket.messages { received.append(message) }
        XCTAssertEqual(received, (0..<100).map { .text("\($0)") })
    }

    func testAFailureIsThrown() async throws {
        let service = try EgretWS.Service()
        await assertThrows(.connect) { _ = try await service.connect(closedURL) }
        let socket = try service.beginConnect(closedURL)
        await assertThrows(.connect) { for try await _ in socket.messages {} }
        let info = try await socket.closed()
        XCTAssertEqual(info.error, .connect)
        await assertThrows(.notOpen) { try await socket.send("x") }
    }

    func testTheStreamKeepsTheSocket() async throws {
        // Only the stream keeps its socket alive.
        func stream() async throws -> EgretWS.Messages {
            let socket = try await EgretWS.Service().connect(echoURL)
            try await socket.send("kept")
            return socket.messages
        }
        var iterator = try await stream().makeAsyncIterator()
        let message = try await iterator.next()
        XCTAssertEqual(message, .text("kept"))
    }

    func testCancellationStopsAReaderAndNotTheSocket() async throws {
        let socket = try await EgretWS.Service.shared.connect(echoURL)
        let started = AsyncStream<Void>.makeStream()
        let reader = Task {
            for try await message in socket.messages {
                XCTAssertEqual(message, .text("first"))
                started.continuation.finish()
            }
        }
        try await socket.send("first")
        for await _ in started.stream {}
        reader.cancel()
        let result = await reader.result
        assertThrows(.cancelled) { try result.get() }
        XCTAssertEqual(socket.state, .open)
        try await socket.send("second")
        for try await message in socket.messages {
            XCTAssertEqual(message, .text("second"))
            break
        }
        // This task is cancelled before it begins.
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await socket.opened()
        }
        await assertThrows(.cancelled) { try await late.value }
    }

    func testCancellationAbandonsAConnect() async throws {
        // This server listens and never answers.
        let (descriptor, port) = try listen()
        defer { close(descriptor) }
        let service = try EgretWS.Service()
        let task = Task { try await service.connect("ws://127.0.0.1:\(port)/") }
        task.cancel()
        await assertThrows(.cancelled) { _ = try await task.value }
    }

    func testSendWaitsForRoom() async throws {
        var options = EgretWS.SocketOptions()
        options.flags = .disableDeflate
        options.maxSendBufferBytes = EgretWS.SocketOptions.maxMessageBytes + 14
        let socket = try await EgretWS.Service.shared.connect(echoURL, options: options)
        let count = 200
        let sender = Task {
            for number in 0..<count { try await socket.send(Data(repeating: UInt8(number), count: 100_000)) }
        }
        var received = 0
        for try await message in socket.messages {
            XCTAssertEqual(message, .data(Data(repeating: UInt8(received), count: 100_000)))
            received += 1
            if received == count { break }
        }
        try await sender.value
    }

    func testReleasingTheLoopEndsTheWait() async throws {
        let (descriptor, port) = try listen()
        defer { close(descriptor) }
        // The loop is released while tasks wait for its socket, or will wait soon. Their waits end with an error.
        for _ in 0..<20 {
            var loop: EgretWS.Loop? = try EgretWS.Loop()
            let socket = try XCTUnwrap(loop).beginConnect("ws://127.0.0.1:\(port)/")
            let waits = [
                Task { try await socket.opened() },
                Task { for try await _ in socket.messages {} },
                Task { _ = try await socket.closed() },
            ]
            await Task.yield()
            loop = nil
            for wait in waits { await assertThrows(.aborted) { try await wait.value } }
        }
    }

    func testASocketWithCallbacksHasNoStream() async throws {
        let loop = try EgretWS.Loop()
        let socket = try loop.beginConnect(echoURL, callbacks: .init())
        await assertThrows(.invalidArgument) { for try await _ in socket.messages {} }
    }

    func testManyTasks() async throws {
        let service = try EgretWS.Service()
        let echoed = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let socket = try await service.connect(echoURL)
                    var count = 0
                    try await socket.send("\(number)")
                    for try await message in socket.messages {
                        XCTAssertEqual(message, .text("\(number)"))
                        count += 1
                        if count == 20 { try await socket.close() } else { try await socket.send("\(number)") }
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        XCTAssertEqual(echoed, 2000)
    }

    /// A game on the main actor: its closures use state of the main actor directly.
    @MainActor
    final class Game: EgretWS.SocketDelegate {
        let loop: EgretWS.Loop
        var closureScore = 0, delegateScore = 0

        init() throws { loop = try EgretWS.Loop() }

        func play() throws {
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in assertOK { try socket.trySend("1") } }
            on.onMessage = { [weak self] _, _ in self?.closureScore += 1 }
            let one = try loop.beginConnect(echoURL, callbacks: on)
            let other = try loop.beginConnect(echoURL, delegate: self)
            try poll(loop) { closureScore == 1 && delegateScore == 1 }
            XCTAssertEqual(one.state, .open)
            XCTAssertEqual(other.state, .open)
        }

        func socketDidConnect(_ socket: EgretWS.Socket) { assertOK { try socket.trySend("1") } }
        func socket(_ socket: EgretWS.Socket, didReceive message: EgretWS.Message) { delegateScore += 1 }
    }

    func testALoopOfTheMainActor() async throws {
        try await MainActor.run { try Game().play() }
    }

    /// Readers are cancelled while messages arrive: each wait ends once, and no message is lost or delivered twice.
    func testCancellationWhileMessagesCome() async throws {
        let socket = try await EgretWS.Service().connect(echoURL)
        let count = 500
        let sender = Task { for number in 0..<count { try await socket.send("\(number)") } }
        var received: [EgretWS.Message] = []
        while received.count < count {
            let reader = Task {
                var mine: [EgretWS.Message] = []
                do throws(EgretWS.Error) {
                    for try await message in socket.messages {
                        mine.append(message)
                        // Sometimes let the readers run.
                        if mine.count == 7 { break }
                    }
                } catch {
                    XCTAssertEqual(error.code, .cancelled, "\(error)")
                }
                return mine
            }
            if received.count % 3 != 0 { await Task.yield() }
            reader.cancel()
            received += await reader.value
            if received.count < count, socket.state == .open {
                // A message to a reader that is not cancelled, so that the test ends.
                for try await message in socket.messages {
                    received.append(message)
                    break
                }
            }
        }
        XCTAssertEqual(received, (0..<count).map { .text("\($0)") })
        try await sender.value
    }
}
