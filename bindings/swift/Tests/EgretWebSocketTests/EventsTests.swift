// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// The sequences of a socket, `events` and `messages`.
final class EventsTests: XCTestCase {
    private var retrying: EgretWS.SocketOptions {
        var options = EgretWS.SocketOptions()
        options.retryAttempts = 3
        options.retry.minWait = .milliseconds(1)
        options.retry.firstWait = .milliseconds(1)
        options.retry.maxWait = .milliseconds(1)
        return options
    }

    /// A task logs in on each connection, and each login is answered.
    func testATaskLogsInAgainAfterAReconnection() async throws {
        let relay = try Relay([.answer(then: .hangUp), .answer(then: .close)])
        let socket = try EgretWS.Service().beginConnect(relay.url, options: retrying)
        var log: [String] = []
        for try await event in socket.events {
            switch event {
            case .connected:
                log.append("connected")
                try await socket.send("login \(try socket.generation)")
            case .message(let message): log.append("\(message)")
            case .pong: log.append("pong")
            case .retrying(let info, let attempt, let delay):
                XCTAssertEqual(delay, .milliseconds(1))
                log.append("retrying \(attempt) \(info.error!)")
            case .closed(let info): log.append("closed \(info.wasClean)")
            }
            if case .message = event, try socket.generation == 2 { try socket.beginClose() }
        }
        XCTAssertEqual(
            log,
            [
                "connected", "text(\"login 1\")", "retrying 1 EGRET_WS_ERR_CONNECTION_LOST",
                "connected", "text(\"login 2\")", "closed true",
            ])
        // The end can be read again, and again.
        for _ in 0..<2 {
            var again: [String] = []
            for try await event in socket.events { again.append("\(event)") }
            XCTAssertEqual(again.count, 1)
            XCTAssertTrue(again[0].hasPrefix("closed"), again[0])
        }
    }

    func testEventsEndWithoutAnErrorWhereMessagesThrow() async throws {
        let socket = try EgretWS.Service.shared.beginConnect(closedURL)
        var ends: [EgretWS.Error.Code?] = []
        for try await event in socket.events {
            if case .closed(let info) = event { ends.append(info.error) }
        }
        XCTAssertEqual(ends, [.connect])
        await assertThrows(.connect) { for try await _ in socket.messages {} }
    }

    func testEventsOfAFreedLoopThrow() async throws {
        var loop: EgretWS.Loop? = try EgretWS.Loop()
        let socket = try XCTUnwrap(loop).beginConnect(echoURL)
        loop = nil
        await assertThrows(.aborted) { for try await _ in socket.events {} }
        await assertThrows(.aborted) { for try await _ in socket.messages {} }
    }

    func testOnlyOneReaderAtATime() async throws {
        let socket = try await EgretWS.Service.shared.connect(echoURL)
        // Each kind of first reader refuses each kind of second one, while it waits and between its waits.
        func assertBusy(line: UInt = #line) async {
            await assertThrows(.busy, line: line) { for try await _ in socket.events {} }
            await assertThrows(.busy, line: line) { for try await _ in socket.messages {} }
        }
        do {
            var first = socket.events.makeAsyncIterator()
            // It becomes the reader at its first `next`.
            for try await event in socket.events {
                guard case .connected = event else { return XCTFail("\(event)") }
                break
            }
            try await socket.send("one")
            let message = try await first.next()
            guard case .message(.text("one")) = message else { return XCTFail("\(String(describing: message))") }
            await assertBusy()
            try await socket.send("two")
            _ = try await first.next()
        }
        // After the first reader is released, another can read, and is the only one while it waits.
        let (began, first) = AsyncStream<Void>.makeStream()
        let reader = Task {
            for try await message in socket.messages {
                XCTAssertEqual(message, .text("three"))
                first.finish()
            }
        }
        try await socket.send("three")
        for await _ in began {}
        await assertBusy()
        reader.cancel()
        await assertThrows(.cancelled) { try await reader.value }
        // A cancelled reader is no longer a reader.
        try await socket.send("four")
        for try await message in socket.messages {
            XCTAssertEqual(message, .text("four"))
            break
        }
    }

    func testTheSecondReaderLearnsWhy() async throws {
        let socket = try await EgretWS.Service.shared.connect(echoURL)
        var first = socket.events.makeAsyncIterator()
        _ = try await first.next()
        do throws(EgretWS.Error) {
            for try await _ in socket.messages {}
        } catch {
            XCTAssertTrue(error.message.contains("another task reads this socket"), error.message)
        }
        try await socket.send("kept")
        _ = try await first.next()
    }

    func testASocketWithCallbacksHasNoSequence() async throws {
        let loop = try EgretWS.Loop()
        let socket = try loop.beginConnect(echoURL, callbacks: .init())
        await assertThrows(.invalidArgument) { for try await _ in socket.messages {} }
        await assertThrows(.invalidArgument) { for try await _ in socket.events {} }
    }

    func testPongsAreEvents() async throws {
        let socket = try await EgretWS.Service.shared.connect(echoURL)
        let payload = Data("白鷺".utf8)
        try socket.ping(payload)
        for try await event in socket.events {
            if case .pong(let received) = event {
                XCTAssertEqual(received, payload)
                break
            }
        }
        assertThrows(.invalidArgument) { try socket.ping(Data(count: 126)) }
    }

    // opened()

    func testOpenedIsAboutThePresentConnection() async throws {
        let socket = try await EgretWS.Service.shared.connect(echoURL)
        try await socket.opened()
        try socket.beginClose()
        await assertThrows(.notOpen) { try await socket.opened() }
        let info = try await socket.closed()
        do throws(EgretWS.Error) {
            try await socket.opened()
            XCTFail("a closed socket is open")
        } catch {
            XCTAssertEqual(error.code, .notOpen)
            XCTAssertEqual(error.closeInfo?.code, info.code)
        }
        let failed = try EgretWS.Service.shared.beginConnect(closedURL)
        await assertThrows(.connect) { try await failed.opened() }
        await assertThrows(.connect) { try await failed.opened() }
    }

    func testOpenedWaitsForTheNextConnection() async throws {
        var options = retrying
        options.retry.minWait = .minutes(1)
        options.retry.firstWait = .minutes(1)
        options.retry.maxWait = .minutes(1)
        let socket = try await EgretWS.Service.shared.connect(
            Relay([.hangUp, .answer(then: .close)]).url, options: options)
        for try await event in socket.events {
            if case .retrying = event { break }
        }
        let opened = Locked(false)
        let waiting = Task {
            try await socket.opened()
            opened.update { $0 = true }
            return try socket.generation
        }
        await Task.yield()
        XCTAssertFalse(opened.value, "a socket that waits for its next connection is not open")
        try socket.retryNow()
        let generation = try await waiting.value
        XCTAssertEqual(generation, 2)
    }
}
