// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// A socket of tasks stops receiving when the tasks do not read.
final class DemandTests: XCTestCase {
    private let message = [UInt8](repeating: 0x61, count: 64 * 1024)
    /// 64 MiB, more than the buffers of the system and of the library.
    private let count = 1024

    private func flood() async throws -> (EgretWS.Socket, Relay) {
        let stalled = DispatchSemaphore(value: 0)
        let relay = try Relay([.flood(frame(2, message), count: count, stalled: stalled)])
        var options = EgretWS.SocketOptions()
        options.maxUnreadBytes = 100_000
        options.closeTimeout = .minutes(1)
        let socket = try await EgretWS.Service.shared.connect(relay.url, options: options)
        let waited = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: stalled.wait(timeout: .now() + 60)) }
        }
        XCTAssertEqual(waited, .success, "the peer could send everything")
        XCTAssertLessThan(relay.flooded.value, count)
        XCTAssertEqual(socket.state, .open)
        return (socket, relay)
    }

    func testASocketThatIsNotReadSlowsItsPeerDown() async throws {
        let (socket, relay) = try await flood()
        var received = 0
        for try await next in socket.messages {
            XCTAssertEqual(next, .data(Data(message)))
            received += 1
            if received == count { try socket.beginClose() }
        }
        XCTAssertEqual(received, count)
        XCTAssertEqual(relay.flooded.value, count)
        let info = try await socket.closed()
        XCTAssertTrue(info.wasClean, info.message)
    }

    func testASocketThatIsNotReadCanBeClosed() async throws {
        let (socket, _) = try await flood()
        let info = try await socket.close()
        XCTAssertTrue(info.wasClean, info.message)
        // The unread messages are available, up to the limit.
        var received = 0
        for try await next in socket.messages {
            XCTAssertEqual(next, .data(Data(message)))
            received += 1
        }
        XCTAssertGreaterThan(received, 0)
        XCTAssertLessThan(received, 64)
    }

    func testASocketThatIsNotReadCanBeAborted() async throws {
        let (socket, _) = try await flood()
        try socket.abort()
        let info = try await socket.closed()
        XCTAssertEqual(info.error, .aborted)
        XCTAssertEqual(info.initiator, .local)
    }

    func testTheReceivingOfTasksIsNotForOthers() async throws {
        let socket = try await EgretWS.Service.shared.connect(echoURL)
        assertThrows(.invalidArgument) { try socket.pauseReceive() }
        assertThrows(.invalidArgument) { try socket.resumeReceive() }
    }

    func testACallbackSocketPausesByHand() throws {
        try onBothDrivers { loop in
            var received = 0, isOpen = false
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in
                isOpen = true
                assertOK {
                    try socket.pauseReceive()
                    try socket.trySend("x")
                }
            }
            on.onMessage = { _, _ in received += 1 }
            let socket = try loop.beginConnect(echoURL, callbacks: on)
            let other = try loop.beginConnect(echoURL)
            try poll(loop) { isOpen && socket.state == .open && other.state == .open }
            // Meanwhile a second socket sends a message and gets its echo.
            try other.trySend("y")
            try poll(loop) { ((try? other.statistics.messagesReceived) ?? 0) == 1 }
            XCTAssertEqual(received, 0)
            try socket.resumeReceive()
            try poll(loop) { received == 1 }
        }
    }
}
