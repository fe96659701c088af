// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// Closures and delegates, called by a loop that the test polls.
final class PollTests: XCTestCase {
    static let payloads: [EgretWS.Message] = [
        .text("hello"), .text(""), .text("zero \0 inside, 白鷺"), .data(Data([0, 1, 255])), .data(Data()),
        .text(String(repeating: "x", count: EgretWS.SocketOptions.maxMessageBytes)),
        .data(Data((0..<EgretWS.SocketOptions.maxMessageBytes).map { UInt8(truncatingIfNeeded: $0 &* 31) })),
    ]

    func testMessagesComeBackAsTheyWereSent() throws {
        try onBothDrivers { loop in
            var received: [EgretWS.Message] = []
            var closed: EgretWS.CloseInfo?
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in
                for payload in Self.payloads {
                    switch payload {
                    case .text(let text): assertOK { try socket.trySend(text) }
                    case .data(let data): assertOK { try socket.trySend(data) }
                    }
                }
            }
            on.onMessage = { socket, message in
                received.append(message)
                if received.count == Self.payloads.count { assertOK { try socket.beginClose(reason: "enough") } }
            }
            on.onClose = { closed = $1 }
            let socket = try loop.beginConnect(echoURL, callbacks: on)
            XCTAssertEqual(socket.state, .connecting)
            try poll(loop) { closed != nil }
            XCTAssertEqual(received, Self.payloads)
            let info = try XCTUnwrap(closed)
            XCTAssertTrue(info.wasClean, info.message)
            XCTAssertEqual(info.code, 1000)
            XCTAssertEqual(info.sentCode, 1000)
            XCTAssertEqual(info.initiator, .local)
            XCTAssertEqual(info.phase, .closing)
            XCTAssertEqual(info.reason, "enough")
            XCTAssertEqual(info.unsentMessages, 0)
            XCTAssertEqual(socket.state, .closed)
        }
    }

    func testBytesAreBorrowed() throws {
        try onBothDrivers { loop in
            var seen: [(String, Bool)] = []
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in
                assertOK { try socket.trySend("text") }
                Array("bytes".utf8).withUnsafeBytes { bytes in assertOK { try socket.trySend(bytes: bytes) } }
            }
            on.onBytes = { _, bytes, isText in seen.append((String(decoding: bytes, as: UTF8.self), isText)) }
            on.onMessage = { _, _ in XCTFail("onBytes takes its place") }
            let socket = try loop.beginConnect(echoURL, callbacks: on)
            try poll(loop) { seen.count == 2 }
            XCTAssertEqual(seen[0].0, "text")
            XCTAssertTrue(seen[0].1)
            XCTAssertEqual(seen[1].0, "bytes")
            XCTAssertFalse(seen[1].1)
            XCTAssertEqual(socket.state, .open)
        }
    }

    func testHostAndPort() throws {
        let url = try XCTUnwrap(URL(string: echoURL)), port = try XCTUnwrap(url.port)
        try onBothDrivers { loop in
            var isOpen = false
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { _ in isOpen = true }
            let socket = try loop.beginConnect(host: "127.0.0.1", port: port, callbacks: on)
            try poll(loop) { isOpen }
            XCTAssertEqual(socket.state, .open)
        }
    }

    func testACloseReportSaysWhatFailed() throws {
        try onBothDrivers { loop in
            var closed: EgretWS.CloseInfo?
            var on = EgretWS.SocketCallbacks()
            on.onClose = { closed = $1 }
            let socket = try loop.beginConnect(closedURL, callbacks: on)
            try poll(loop) { closed != nil }
            XCTAssertEqual(closed?.error, .connect)
            XCTAssertEqual(closed?.phase, .connect)
            XCTAssertEqual(closed?.initiator, .transport)
            XCTAssertEqual(closed?.code, 1006)
            XCTAssertNotEqual(closed?.osError, 0)
            XCTAssertEqual(socket.state, .closed)
        }
    }

    func testMisuseThrowsItsCode() throws {
        try onBothDrivers { loop in
            var isOpen = false
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { _ in
                isOpen = true
                assertThrows(.reentrant) { try loop.poll() }
            }
            assertThrows(.invalidURL) { _ = try loop.beginConnect("http://127.0.0.1/#x", callbacks: on) }
            assertThrows(.invalidArgument) { _ = try loop.beginConnect("ws://127.0.0.1/\0x", callbacks: on) }
            var options = EgretWS.SocketOptions()
            options.deflate.level = 10
            assertThrows(.invalidArgument) { _ = try loop.beginConnect(echoURL, options: options, callbacks: on) }
            let socket = try loop.beginConnect(echoURL, callbacks: on)
            assertThrows(.notOpen) { try socket.trySend("too early") }
            try poll(loop) { isOpen }
            assertThrows(.messageTooBig) { try socket.trySend(Data(count: EgretWS.SocketOptions.maxMessageBytes + 1)) }
            assertThrows(.invalidClose) { try socket.beginClose(code: 1006) }
            XCTAssertEqual(socket.state, .open)
        }
        XCTAssertEqual(EgretWS.Error.Code.notOpen.description, "EGRET_WS_ERR_NOT_OPEN")
    }

    func testASocketOfAFreedLoopThrowsBadHandle() throws {
        var loop: EgretWS.Loop? = try EgretWS.Loop()
        let socket = try XCTUnwrap(loop).beginConnect(echoURL, callbacks: .init())
        let control = try XCTUnwrap(loop).control
        loop = nil
        assertThrows(.badHandle) { try socket.trySend("x") }
        assertThrows(.badHandle) { try control.suspend() }
        assertThrows(.badHandle) { _ = try socket.statistics }
        XCTAssertEqual(socket.state, .closed)
    }

    func testGettersOfASocket() throws {
        try onBothDrivers { loop in
            var answers = 0
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in assertOK { try socket.ping() } }
            on.onMessage = { _, _ in answers += 1 }
            var options = EgretWS.SocketOptions()
            options.headers = [EgretWS.Header("X-Test", "1")]
            options.origin = "https://example.com"
            let socket = try loop.beginConnect(echoURL, options: options, callbacks: on)
            try poll(loop) { ((try? socket.statistics.rttUs) ?? 0) > 0 }
            try socket.trySend("four")
            try poll(loop) { answers == 1 }
            let stats = try socket.statistics
            XCTAssertEqual(stats.httpStatus, 101)
            XCTAssertEqual(stats.messagesSent, 1)
            XCTAssertEqual(stats.bytesReceived, 4)
            let address = try socket.remoteAddress
            XCTAssertTrue(echoURL.contains(address), address)
            XCTAssertEqual(try socket.generation, 1)
            XCTAssertEqual(try socket.bufferedAmount, 0)
            XCTAssertEqual(try socket.subprotocol, "")
            XCTAssertEqual(try socket.extensions, "")
            XCTAssertEqual(try socket.responseHeader("upgrade")?.lowercased(), "websocket")
            XCTAssertNil(try socket.responseHeader("X-None"))
            XCTAssertTrue(try socket.responseHeaders.contains("\n"))
            XCTAssertGreaterThanOrEqual(try loop.descriptor, 0)
            XCTAssertGreaterThanOrEqual(try loop.nextPoll.milliseconds ?? 0, 0)
        }
        XCTAssertEqual(EgretWS.versionNumber, EgretWS.headerVersionNumber)
        XCTAssertFalse(EgretWS.version.isEmpty)
        XCTAssertEqual(try EgretWS.normalizeURL("HTTP://Example.com"), "ws://example.com/")
        assertThrows(.invalidURL) { _ = try EgretWS.normalizeURL("nonsense") }
    }

    func testRetrySuspendResume() throws {
        try onBothDrivers { loop in
            var attempts: [Int] = []
            var closed: EgretWS.CloseInfo?
            var on = EgretWS.SocketCallbacks()
            on.onRetry = { socket, info, attempt, _ in
                XCTAssertEqual(info.error, .connect)
                attempts.append(attempt)
                // Each wait is a minute, so only this call can cause the next event.
                assertOK { try socket.retryNow() }
            }
            on.onClose = { closed = $1 }
            var options = EgretWS.SocketOptions()
            options.retryAttempts = 2
            options.retry.minWait = .milliseconds(60_000)
            options.retry.firstWait = .milliseconds(60_000)
            options.retry.maxWait = .milliseconds(60_000)
            let socket = try loop.beginConnect(closedURL, options: options, callbacks: on)
            try poll(loop) { closed != nil }
            XCTAssertEqual(attempts, [1, 2])
            XCTAssertEqual(try socket.generation, 0)
        }
        try onBothDrivers { loop in
            var isOpen = false
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { _ in isOpen = true }
            let socket = try loop.beginConnect(echoURL, callbacks: on)
            try poll(loop) { isOpen }
            try loop.control.suspend()
            try loop.control.resume()
            // The resume sends a ping, and the answer is measured.
            try poll(loop) { ((try? socket.statistics.rttUs) ?? 0) > 0 }
            try loop.control.networkChanged()
            XCTAssertEqual(socket.state, .open)
        }
    }

    func testRefusedSendsContinueAfterDrain() throws {
        try onBothDrivers { loop in
            let size = EgretWS.SocketOptions.maxMessageBytes
            var options = EgretWS.SocketOptions()
            options.disableDeflate()
            options.maxSendBufferBytes = size + 14
            var drained = false, received = 0
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in
                // The buffer has room for one message, and not for a second one in the same callback.
                assertOK { try socket.trySend(Data(count: size)) }
                assertThrows(.backpressure) { while true { try socket.trySend(Data(count: size)) } }
            }
            on.onDrain = { socket in
                drained = true
                assertOK { try socket.trySend("after") }
            }
            on.onMessage = { _, message in if message == .text("after") { received += 1 } }
            let socket = try loop.beginConnect(echoURL, options: options, callbacks: on)
            try poll(loop) { received == 1 }
            XCTAssertTrue(drained)
            XCTAssertEqual(socket.state, .open)
        }
    }

    func testWakeupAndLog() throws {
        let due = DispatchSemaphore(value: 0), lines = Counter()
        var options = EgretWS.LoopOptions()
        options.logLevel = .info
        options.onLog = { _, line in
            XCTAssertFalse(line.isEmpty)
            lines.add(1)
        }
        let loop = try EgretWS.Loop(options) { due.signal() }
        var isOpen = false
        var on = EgretWS.SocketCallbacks()
        on.onConnect = { _ in isOpen = true }
        let socket = try loop.beginConnect(echoURL, callbacks: on)
        // Polls only after a wake-up, and never waits.
        while !isOpen {
            guard due.wait(timeout: .now() + 60) == .success else { return XCTFail("no wake-up") }
            try loop.poll()
        }
        XCTAssertEqual(socket.state, .open)
        XCTAssertGreaterThan(lines.value, 0)
        options.flags = .inline
        assertThrows(.unsupported) { _ = try EgretWS.Loop(options) {} }
    }
}

extension EgretWS.SocketOptions {
    mutating func disableDeflate() { flags.insert(.disableDeflate) }
}
