// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// Abort, and the end of loops.
final class EndTests: XCTestCase {
    func testAbort() throws {
        try onBothDrivers { loop in
            var received = 0, closed: EgretWS.CloseInfo?, isOpen = false
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in
                isOpen = true
                assertOK { try socket.trySend("x") }
            }
            on.onMessage = { socket, _ in
                received += 1
                assertOK { try socket.abort() }
            }
            on.onClose = { closed = $1 }
            let socket = try loop.beginConnect(echoURL, callbacks: on)
            try poll(loop) { closed != nil }
            XCTAssertTrue(isOpen)
            XCTAssertEqual(received, 1)
            XCTAssertEqual(closed?.error, .aborted)
            XCTAssertEqual(closed?.initiator, .local)
            XCTAssertEqual(closed?.sentCode, 0)
            XCTAssertEqual(socket.closeInfo?.error, .aborted)
            // A second call does nothing.
            try socket.abort()
        }
    }

    func testAbortEndsRetries() async throws {
        var options = EgretWS.SocketOptions()
        options.retryAttempts = .unlimited
        options.retry.minWait = .minutes(1)
        options.retry.firstWait = .minutes(1)
        options.retry.maxWait = .minutes(1)
        let socket = try EgretWS.Service.shared.beginConnect(closedURL, options: options)
        for try await event in socket.events {
            if case .retrying = event { try socket.abort() }
        }
        let info = try await socket.closed()
        XCTAssertEqual(info.error, .aborted)
    }

    /// A peer that reads nothing: messages are lost when the loop ends, and it reports them.
    func testShutDownReportsWhatWasLost() async throws {
        let (descriptor, port) = try listen()
        defer { close(descriptor) }
        for flags in [EgretWS.LoopOptions.Flags(), .inline] {
            var options = EgretWS.LoopOptions()
            options.flags = flags
            let loop = try EgretWS.Loop(options)
            let report = try loop.shutDown()
            XCTAssertEqual(report.sockets, 0)
            XCTAssertEqual(report.unsentMessages, 0)
            XCTAssertEqual(report.unsentBytes, 0)
            assertThrows(.badHandle) { try loop.poll() }
            assertThrows(.badHandle) { try loop.shutDown() }
            assertThrows(.badHandle) { _ = try loop.beginConnect("ws://127.0.0.1:\(port)/") }
        }
        let released = DispatchSemaphore(value: 0)
        defer { released.signal() }
        let relay = try Relay([.hold(released)])
        let service = try EgretWS.Service()
        var socketOptions = EgretWS.SocketOptions()
        socketOptions.maxSendBufferBytes = 64 << 20
        let socket = try await service.connect(relay.url, options: socketOptions)
        var sent = 0
        while sent < 256 {
            try socket.trySend(Data(count: 128 * 1024))
            sent += 1
        }
        let report = try await service.shutDown()
        XCTAssertEqual(report.sockets, 1)
        XCTAssertGreaterThan(report.unsentMessages, 0)
        XCTAssertLessThanOrEqual(report.unsentMessages, UInt64(sent))
        XCTAssertEqual(report.unsentBytes, report.unsentMessages * 128 * 1024)
        await assertThrows(.aborted) { _ = try await socket.closed() }
        await assertThrows(.badHandle) { try await socket.send("x") }
        await assertThrows(.badHandle) { try await service.shutDown() }
        await assertThrows(.badHandle) { _ = try await service.connect(echoURL) }
    }

    func testAServiceLingersUntilMessagesAreWritten() async throws {
        var options = EgretWS.LoopOptions()
        options.linger = .seconds(60)
        let service = try EgretWS.Service(options)
        let socket = try await service.connect(echoURL)
        for _ in 0..<4 { try await socket.send(Data(count: 128 * 1024)) }
        let report = try await service.shutDown()
        XCTAssertEqual(report.unsentMessages, 0)
        XCTAssertEqual(report.sockets, 0)
    }

    /// After `shutDown`, and after the release of a loop, its log and its wake-up do not run: the objects that they capture are
    /// released.
    func testNothingIsCalledAfterALoopWasFreed() throws {
        for shutsDown in [true, false] {
            for _ in 0..<100 {
                let alive = Counter(), isFreed = Locked(false)
                var options = EgretWS.LoopOptions()
                options.logLevel = .debug
                options.onLog = { [token = Token(alive)] _, _ in
                    withExtendedLifetime(token) {}
                    XCTAssertFalse(isFreed.value, "a line of a freed loop")
                }
                var loop: EgretWS.Loop? = try EgretWS.Loop(options) { [token = Token(alive)] in
                    withExtendedLifetime(token) {}
                    XCTAssertFalse(isFreed.value, "a wake-up of a freed loop")
                }
                options = .init()
                let socket = try loop?.beginConnect(echoURL)
                try loop?.poll(timeout: .milliseconds(1))
                if shutsDown { try loop?.shutDown() } else { loop = nil }
                isFreed.update { $0 = true }
                XCTAssertEqual(socket?.state, .closed)
                loop = nil
                XCTAssertEqual(alive.value, 0)
            }
        }
    }
}
