// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// Peers that behave differently from an echo server, in both styles.
final class PeerTests: XCTestCase {
    private let most = EgretWS.SocketOptions.maxMessageBytes

    func testTheLargestMessagesPass() async throws {
        let bytes = [UInt8](repeating: 0x61, count: most)
        let expected: [EgretWS.Message] = [.text(String(repeating: "a", count: most)), .data(Data(bytes))]
        let both = frame(1, bytes) + frame(2, bytes)
        try onBothDrivers { loop in
            var received: [EgretWS.Message] = []
            var on = EgretWS.SocketCallbacks()
            on.onMessage = { received.append($1) }
            let socket = try loop.beginConnect(Relay([.send(both)]).url, callbacks: on)
            try poll(loop) { received.count == 2 }
            XCTAssertEqual(received, expected)
            XCTAssertEqual(socket.state, .open)
        }
        let socket = try await EgretWS.Service.shared.connect(Relay([.send(both)]).url)
        var messages = socket.messages.makeAsyncIterator()
        for message in expected {
            let received = try await messages.next()
            XCTAssertEqual(received, message)
        }
    }

    func testALargerMessageEndsTheConnection() async throws {
        for opcode: UInt8 in [1, 2] {
            let tooBig = frame(opcode, [UInt8](repeating: 0x61, count: most + 1))
            let info = try await end(of: [.send(tooBig)], .messageTooBig)
            XCTAssertEqual(info.sentCode, 1009)
            XCTAssertEqual(info.initiator, .local)
            XCTAssertEqual(info.phase, .open)
        }
    }

    func testThePeerCloses() async throws {
        let info = try await end(of: [.send(frame(8, bigEndian(4001, 2) + Array("zero \0, 白鷺".utf8)))], nil)
        XCTAssertTrue(info.wasClean)
        XCTAssertEqual(info.code, 4001)
        XCTAssertEqual(info.sentCode, 4001)
        XCTAssertEqual(info.reason, "zero \0, 白鷺")
        XCTAssertEqual(info.initiator, .peer)
    }

    func testAConnectionThatIsLost() async throws {
        let info = try await end(of: [.hangUp], .connectionLost)
        XCTAssertEqual(info.code, 1006)
        XCTAssertEqual(info.initiator, .transport)
        XCTAssertEqual(info.reason, "")
    }

    /// Checks that both styles report the same end: `expected`, after no message.
    private func end(of connections: [Relay.Then], _ expected: EgretWS.Error.Code?) async throws -> EgretWS.CloseInfo {
        try onBothDrivers { loop in
            var closed: EgretWS.CloseInfo?
            var on = EgretWS.SocketCallbacks()
            on.onMessage = { _, message in XCTFail("\(message)") }
            on.onClose = { closed = $1 }
            let socket = try loop.beginConnect(Relay(connections).url, callbacks: on)
            try poll(loop) { closed != nil }
            XCTAssertEqual(closed?.error, expected)
            XCTAssertEqual(socket.state, .closed)
        }
        // The connection may end before the task has seen that it is open.
        let socket = try await EgretWS.Service.shared.connect(Relay(connections).url)
        do throws(EgretWS.Error) {
            for try await message in socket.messages { XCTFail("\(message)") }
            XCTAssertNil(expected)
        } catch {
            XCTAssertEqual(error.code, expected)
            XCTAssertEqual(error.closeInfo?.error, expected)
        }
        return try await socket.closed()
    }

    func testReconnecting() async throws {
        var options = EgretWS.SocketOptions()
        options.retryAttempts = 3
        options.retry.minWait = .milliseconds(1)
        options.retry.firstWait = .milliseconds(1)
        options.retry.maxWait = .milliseconds(1)
        let again = [Relay.Then.hangUp, .send(frame(1, Array("again".utf8)))]
        try onBothDrivers { loop in
            var log: [String] = []
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { _ in log.append("connect") }
            on.onRetry = { socket, info, attempt, _ in
                log.append("retry \(attempt) \(info.error!)")
                XCTAssertEqual(socket.state, .connecting)
            }
            on.onMessage = { log.append("\($1)") }
            let socket = try loop.beginConnect(Relay(again).url, options: options, callbacks: on)
            try poll(loop) { log.count == 4 }
            XCTAssertEqual(log, ["connect", "retry 1 EGRET_WS_ERR_CONNECTION_LOST", "connect", "text(\"again\")"])
            XCTAssertEqual(try socket.generation, 2)
        }
        // The stream continues with the next connection.
        let socket = try await EgretWS.Service.shared.connect(Relay(again).url, options: options)
        var messages = socket.messages.makeAsyncIterator()
        let message = try await messages.next()
        XCTAssertEqual(message, .text("again"))
    }

    func testTheRequest() async throws {
        var options = EgretWS.SocketOptions()
        options.headers = [EgretWS.Header("X-First", "1"), EgretWS.Header("X-Second", "白鷺")]
        options.origin = "https://example.com"
        options.userAgent = "a game"
        options.username = "user"
        options.password = "secret"
        options.subprotocols = ["chat", "superchat"]
        let relay = try Relay([.hangUp])
        // The echo server chooses no subprotocol, which is also a failure in browsers.
        let socket = try EgretWS.Service.shared.beginConnect(relay.url, options: options)
        let info = try await socket.closed()
        XCTAssertEqual(info.error, .handshake)
        XCTAssertEqual(info.phase, .handshake)
        XCTAssertEqual(info.httpStatus, 101)
        let lines = try XCTUnwrap(relay.requests.value.first).components(separatedBy: "\r\n")
        for line in [
            "X-First: 1", "X-Second: 白鷺", "Origin: https://example.com", "User-Agent: a game",
            "Authorization: Basic dXNlcjpzZWNyZXQ=", "Sec-WebSocket-Protocol: chat, superchat",
        ] {
            XCTAssertTrue(lines.contains(line), "\(line) is not in \(lines)")
        }
    }

    func testTheOptionsOfTLSArrive() async throws {
        let url = echoURL.replacingOccurrences(of: "ws://", with: "wss://")
        var options = EgretWS.SocketOptions()
        // The call returns no error, because these options are read when the connection is made.
        options.tlsRoots = Data("no PEM".utf8)
        var info = try await EgretWS.Service.shared.beginConnect(url, options: options).closed()
        XCTAssertEqual(info.error, .tlsOptions)
        options = EgretWS.SocketOptions()
        options.tlsIdentity = Data([1, 2, 3])
        info = try await EgretWS.Service.shared.beginConnect(url, options: options).closed()
        XCTAssertEqual(info.error, .tlsOptions)
        options = EgretWS.SocketOptions()
        options.tlsPins = ["no pin"]
        let pinned = options
        assertThrows(.invalidArgument) { _ = try EgretWS.Service.shared.beginConnect(url, options: pinned) }
        // Without these options it reaches the echo server, which does not support TLS.
        info = try await EgretWS.Service.shared.beginConnect(url).closed()
        XCTAssertEqual(info.phase, .tls)
        XCTAssertNotEqual(info.error, .tlsOptions)
    }
}
