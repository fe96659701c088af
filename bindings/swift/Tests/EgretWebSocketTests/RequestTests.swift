// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// Tests the hook before each connection.
final class RequestTests: XCTestCase {
    private struct NoToken: Error {}
    private let refusal = Relay.Then.refuse("HTTP/1.1 401 Unauthorized")

    private func options(attempts: EgretWS.Limit = 0) -> EgretWS.SocketOptions {
        var options = EgretWS.SocketOptions()
        options.retryAttempts = attempts
        options.retry.minWait = .milliseconds(1)
        options.retry.firstWait = .milliseconds(1)
        options.retry.maxWait = .milliseconds(1)
        return options
    }

    func testAClosureReplacesATokenAfter401() throws {
        try onBothDrivers { loop in
            let relay = try Relay([refusal, .hangUp])
            var attempts: [String] = [], closed: EgretWS.CloseInfo?
            var on = EgretWS.SocketCallbacks()
            on.onRequest = { _, request in
                attempts.append("\(request.attempt) \(request.last?.httpStatus ?? 0)")
                request.setHeader("Authorization", "Bearer \(attempts.count)")
                return .connect
            }
            on.onConnect = { socket in assertOK { try socket.beginClose() } }
            on.onClose = { closed = $1 }
            let socket = try loop.beginConnect(relay.url, options: options(attempts: 1), callbacks: on)
            try poll(loop) { closed != nil }
            XCTAssertEqual(attempts, ["0 0", "1 401"])
            assertRequest(relay, 0, has: "Authorization: Bearer 1")
            assertRequest(relay, 1, has: "Authorization: Bearer 2")
            XCTAssertEqual(socket.closeInfo?.httpStatus, closed?.httpStatus)
        }
    }

    func testContinueDoesNotRetryAfter401() throws {
        try onBothDrivers { loop in
            let relay = try Relay([refusal])
            var closed: EgretWS.CloseInfo?
            var on = EgretWS.SocketCallbacks()
            on.onRequest = { _, _ in .continue }
            on.onClose = { closed = $1 }
            let socket = try loop.beginConnect(relay.url, options: options(attempts: 3), callbacks: on)
            try poll(loop) { closed != nil }
            XCTAssertEqual(closed?.error, .httpStatus)
            XCTAssertEqual(closed?.isRetryable, false)
            XCTAssertEqual(relay.requests.value.count, 1)
            XCTAssertEqual(socket.state, .closed)
        }
    }

    func testTheURLAndTheSubprotocolsCanBeChanged() throws {
        try onBothDrivers { loop in
            let relay = try Relay([.hangUp])
            var closed = false
            var on = EgretWS.SocketCallbacks()
            on.onRequest = { _, request in
                request.setURL(relay.url + "changed?x=1")
                request.setSubprotocols(["one", "two"])
                request.setHeader("X-Gone", nil)
                return .continue
            }
            on.onClose = { _, _ in closed = true }
            var options = options()
            options.headers = [EgretWS.Header("X-Gone", "1"), EgretWS.Header("X-Kept", "2")]
            let socket = try loop.beginConnect(closedURL, options: options, callbacks: on)
            try poll(loop) { closed }
            assertRequest(relay, 0, has: "GET /changed?x=1 HTTP/1.1")
            assertRequest(relay, 0, has: "Sec-WebSocket-Protocol: one, two")
            assertRequest(relay, 0, has: "X-Kept: 2")
            XCTAssertFalse(relay.requests.value[0].contains("X-Gone"))
            XCTAssertEqual(socket.state, .closed)
        }
    }

    func testStopAndErrorsEndTheSocket() throws {
        try onBothDrivers { loop in
            let hooks: [(EgretWS.Socket, inout EgretWS.Request) throws -> EgretWS.RequestAnswer] = [
                { _, _ in .stop },
                { _, _ in throw NoToken() },
                { _, request in
                    request.setHeader("X-Bad", "a\r\nb")
                    return .continue
                },
                { _, request in
                    request.setHeader("X-\0", "a")
                    return .continue
                },
                { _, request in
                    request.setSubprotocols(["a,b"])
                    return .continue
                },
                { _, request in
                    request.setURL("nonsense")
                    return .continue
                },
            ]
            for hook in hooks {
                var closed: EgretWS.CloseInfo?
                var on = EgretWS.SocketCallbacks()
                on.onRequest = hook
                on.onConnect = { _ in XCTFail("connected") }
                on.onClose = { closed = $1 }
                let socket = try loop.beginConnect(echoURL, callbacks: on)
                try poll(loop) { closed != nil }
                XCTAssertEqual(closed?.phase, .request)
                XCTAssertEqual(closed?.initiator, .local)
                XCTAssertNotNil(closed?.error)
                XCTAssertEqual(socket.state, .closed)
            }
        }
    }

    func testAClosureMayWait() throws {
        try onBothDrivers { loop in
            var calls = 0, isOpen = false
            var on = EgretWS.SocketCallbacks()
            on.onRequest = { _, _ in
                calls += 1
                return calls == 1 ? .wait : .continue
            }
            on.onConnect = { _ in isOpen = true }
            let socket = try loop.beginConnect(echoURL, callbacks: on)
            try poll(loop) { calls == 1 }
            XCTAssertFalse(isOpen)
            try socket.retryNow()
            try poll(loop) { isOpen }
            XCTAssertEqual(calls, 2)
        }
    }

    /// A service for tokens, such as that of a game.
    private actor Tokens {
        private var made = 0
        func new() async -> String {
            await Task.yield()
            made += 1
            return "Bearer \(made)"
        }
    }

    func testAnAsyncHookReplacesATokenAfter401() async throws {
        let relay = try Relay([refusal, .answer(then: .close)]), tokens = Tokens()
        let asked = Locked<[Int32]>([])
        let socket = try await EgretWS.Service.shared.connect(relay.url, options: options(attempts: 1)) { request in
            let status = request.last?.httpStatus ?? 0
            asked.update { $0.append(status) }
            request.setHeader("Authorization", await tokens.new())
            return .connect
        }
        try await socket.send("hello")
        for try await message in socket.messages {
            XCTAssertEqual(message, .text("hello"))
            try socket.beginClose()
        }
        XCTAssertEqual(asked.value, [0, 401])
        assertRequest(relay, 0, has: "Authorization: Bearer 1")
        assertRequest(relay, 1, has: "Authorization: Bearer 2")
    }

    /// A hook that returns at once may be ready before the library has begun to wait for it.
    func testManyAsyncHooks() async throws {
        let service = try EgretWS.Service()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    let socket = try await service.connect(echoURL) { _ in .continue }
                    try await socket.close()
                }
            }
            try await group.waitForAll()
        }
    }

    func testTheErrorOfAHookIsThrown() async throws {
        do throws(EgretWS.Error) {
            _ = try await EgretWS.Service.shared.connect(echoURL) { _ in throw NoToken() }
            XCTFail("connected")
        } catch {
            XCTAssertTrue(error.underlyingError is NoToken, "\(error)")
            XCTAssertEqual(error.closeInfo?.phase, .request)
        }
    }

    func testAnAbandonedHookIsCancelled() async throws {
        let cancelled = AsyncStream<Void>.makeStream(), began = AsyncStream<Void>.makeStream()
        var socket: EgretWS.Socket? = try EgretWS.Service.shared.beginConnect(echoURL) { _ in
            began.continuation.finish()
            await withTaskCancellationHandler {
                for await _ in AsyncStream<Void>(unfolding: { try? await Task.sleep(nanoseconds: .max / 2) }) { break }
            } onCancel: {
                cancelled.continuation.finish()
            }
            return .continue
        }
        for await _ in began.stream {}
        XCTAssertEqual(socket?.state, .connecting)
        socket = nil
        for await _ in cancelled.stream {}
    }

    @MainActor
    private final class Game: EgretWS.SocketDelegate {
        var requests = 0, isOpen = false
        func socket(
            _ socket: EgretWS.Socket, willSend request: inout EgretWS.Request
        ) throws -> EgretWS.RequestAnswer {
            requests += 1
            request.setHeader("X-Game", "\(requests)")
            return .continue
        }
        func socketDidConnect(_ socket: EgretWS.Socket) { isOpen = true }
    }

    func testADelegateChangesTheRequest() throws {
        try MainActor.assumeIsolated {
            let loop = try EgretWS.Loop(), game = Game(), relay = try Relay([.send([])])
            let socket = try loop.beginConnect(relay.url, delegate: game)
            try poll(loop) { game.isOpen }
            XCTAssertEqual(game.requests, 1)
            assertRequest(relay, 0, has: "X-Game: 1")
            XCTAssertEqual(socket.state, .open)
        }
    }
}

private func assertRequest(_ relay: Relay, _ number: Int, has line: String, at: UInt = #line) {
    let requests = relay.requests.value
    guard number < requests.count else { return XCTFail("\(requests.count) requests", line: at) }
    XCTAssertTrue(requests[number].components(separatedBy: "\r\n").contains(line), requests[number], line: at)
}
