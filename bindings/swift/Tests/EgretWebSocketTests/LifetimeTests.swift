// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// Ownership, and that nothing leaks.
final class LifetimeTests: XCTestCase {
    final class Listener: WebSocketDelegate {
        var socket: WebSocket?
        var log: [String] = []
        let token: Token
        init(_ counter: Counter) { token = Token(counter) }
        func webSocketDidConnect(_ socket: WebSocket) {
            log.append("connect")
            assertOK { try socket.send("hello") }
        }
        func webSocket(_ socket: WebSocket, didReceive message: WebSocketMessage) {
            log.append("\(message)")
            assertOK { try socket.close() }
        }
        func webSocket(_ socket: WebSocket, didClose info: CloseInfo) { log.append("close \(info.code)") }
    }

    func testADelegateIsCalledInOrderAndHeldWeakly() throws {
        try onBothDrivers { loop in
            let alive = Counter()
            var listener: Listener? = Listener(alive)
            let socket = try loop.connect(echoURL, delegate: listener!)
            try poll(loop) { listener!.log.count == 3 }
            XCTAssertEqual(listener!.log, ["connect", "text(\"hello\")", "close 1000"])
            listener = nil
            XCTAssertEqual(alive.value, 0)
            XCTAssertEqual(socket.state, .closed)
        }
    }

    func testAReleasedDelegateIsNotCalled() throws {
        try onBothDrivers { loop in
            let alive = Counter()
            var listener: Listener? = Listener(alive)
            let socket = try loop.connect(echoURL, delegate: listener!)
            listener = nil
            XCTAssertEqual(alive.value, 0, "the socket keeps its delegate")
            // The connection opens, and no callback reports its end.
            try poll(loop) { socket.state == .open }
            try socket.close()
            try poll(loop) { socket.state == .closed }
        }
    }

    func testASocketMayBeReleasedInEachCallback() throws {
        try onBothDrivers { loop in
            for place in ["connect", "message", "close"] {
                let alive = Counter()
                var socket: WebSocket?
                weak var dropped: WebSocket?
                var calls: [String] = []
                func called(_ name: String) {
                    calls.append(name)
                    if name == place { socket = nil }
                }
                var on = WebSocketCallbacks()
                on.onConnect = { [token = Token(alive)] socket in
                    withExtendedLifetime(token) {}
                    assertOK { try socket.send("hello") }
                    called("connect")
                    // Still usable until the callback returns.
                    XCTAssertNotEqual(socket.state, .closed)
                }
                on.onMessage = { socket, _ in
                    assertOK { try socket.close() }
                    called("message")
                }
                on.onClose = { _, _ in called("close") }
                socket = try loop.connect(echoURL, callbacks: on)
                on = .init()
                dropped = socket
                try poll(loop) { dropped == nil }
                // A poll calls release_user; no other callback runs before it.
                try poll(loop) { alive.value == 0 }
                XCTAssertEqual(calls, Array(["connect", "message", "close"].prefix { $0 != place }) + [place])
            }
        }
    }

    func testALoopMayBeReleasedInACallback() throws {
        for flags in [LoopOptions.Flags(), .inline] {
            final class Game {
                var loop: WebSocketLoop?
                var socket: WebSocket?
            }
            let game = Game(), alive = Counter()
            var options = LoopOptions()
            options.flags = flags
            game.loop = try WebSocketLoop(options)
            var on = WebSocketCallbacks()
            on.onConnect = { [token = Token(alive)] _ in
                withExtendedLifetime(token) {}
                game.loop = nil
            }
            game.socket = try game.loop?.connect(echoURL, callbacks: on)
            on = .init()
            let deadline = Date() + 60
            while let loop = game.loop, Date() < deadline { try loop.poll(timeoutMs: 100) }
            XCTAssertEqual(alive.value, 0)
            XCTAssertEqual(game.socket?.state, .closed)
        }
    }

    /// In `onLog` a loop cannot be freed, and perhaps no other thread exists that could free it later.
    func testTheLastReferenceMayBeReleasedInTheLog() throws {
        final class Gone: Sendable {
            let released = DispatchSemaphore(value: 0)
        }
        final class Held: Sendable {
            let gone: Gone
            init(_ gone: Gone) { self.gone = gone }
            deinit { gone.released.signal() }
        }
        let gone = Gone(), last = Locked<WebSocket?>(nil)
        func begin() throws {
            var options = LoopOptions()
            options.logLevel = .debug
            options.onLog = { [held = Held(gone)] _, _ in
                withExtendedLifetime(held) {}
                // After the unlock.
                var dropped: WebSocket?
                last.update { swap(&dropped, &$0) }
            }
            // Only the socket keeps its service alive.
            let socket = try WebSocketService(options).begin(echoURL)
            last.update { $0 = socket }
        }
        let descriptors = try openDescriptors()
        for _ in 0..<20 {
            try begin()
            XCTAssertEqual(gone.released.wait(timeout: .now() + 60), .success, "its log was kept")
        }
        XCTAssertLessThanOrEqual(try openDescriptors(), descriptors + 5, "loops were not freed")
    }

    func testAFailedConnectKeepsNothing() throws {
        let alive = Counter(), loop = try WebSocketLoop()
        for _ in 0..<10 {
            var on = WebSocketCallbacks()
            on.onConnect = { [token = Token(alive)] _ in withExtendedLifetime(token) {} }
            assertThrows(.invalidURL) { _ = try loop.connect("nonsense", callbacks: on) }
        }
        XCTAssertEqual(alive.value, 0)
    }

    /// With EGRET_WS_TEST_SOCKETS=100000 these two tests take long.
    private let count = Int(ProcessInfo.processInfo.environment["EGRET_WS_TEST_SOCKETS"] ?? "2000")!

    func testManySocketsLeakNothing() throws {
        for flags in [LoopOptions.Flags(), .inline] {
            var options = LoopOptions()
            options.flags = flags
            let loop = try WebSocketLoop(options), alive = Counter()
            var open: [ObjectIdentifier: WebSocket] = [:]
            var echoed = 0, descriptors = 0, kibibytes = 0
            for number in 0..<count {
                var on = WebSocketCallbacks()
                on.onConnect = { [token = Token(alive)] socket in
                    withExtendedLifetime(token) {}
                    assertOK { try socket.send("x") }
                }
                on.onMessage = { socket, _ in
                    echoed += 1
                    assertOK { try socket.close() }
                }
                on.onClose = { socket, info in
                    XCTAssertTrue(info.wasClean, info.message)
                    open[ObjectIdentifier(socket)] = nil
                }
                let socket = try loop.connect(echoURL, callbacks: on)
                open[ObjectIdentifier(socket)] = socket
                try poll(loop) { open.count < 50 }
                // The first sockets make everything that is kept for ever.
                if number == count / 10 {
                    try poll(loop) { open.isEmpty }
                    descriptors = try openDescriptors()
                    kibibytes = try residentKiB()
                }
            }
            try poll(loop) { open.isEmpty && alive.value == 0 }
            XCTAssertEqual(echoed, count)
            // Other loops of this process, the service for example, may have opened some.
            let left = try openDescriptors()
            XCTAssertLessThanOrEqual(left, descriptors + 5)
            // In the long run this limit is less than 200 bytes for each socket.
            XCTAssertLessThan(try residentKiB(), kibibytes + 16 * 1024)
            let driver = flags.contains(.inline) ? "inline" : "threaded"
            print("\(count) sockets (\(driver)): \(kibibytes) KiB resident, then \(try residentKiB())")
        }
    }

    func testManySocketsOfTasksLeakNothing() async throws {
        let service = try WebSocketService()
        /// Every second socket is released while it is open.
        @Sendable func use(_ number: Int) async throws {
            let socket = try await service.connect(echoURL)
            try await socket.send("\(number)")
            for try await message in socket.messages {
                XCTAssertEqual(message, .text("\(number)"))
                break
            }
            if number % 2 == 0 {
                let info = try await socket.close()
                XCTAssertTrue(info.wasClean, info.message)
            }
        }
        func use(_ numbers: Range<Int>) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<50 {
                    group.addTask { for number in numbers where number % 50 == task { try await use(number) } }
                }
                try await group.waitForAll()
            }
        }
        try await use(0..<count / 10)
        let descriptors = try openDescriptors(), kibibytes = try residentKiB()
        try await use(0..<count)
        // Released sockets close in the background, while others open and close.
        let deadline = Date() + 60
        while try openDescriptors() > descriptors + 5, Date() < deadline { try await use(0) }
        XCTAssertLessThanOrEqual(try openDescriptors(), descriptors + 5)
        XCTAssertLessThan(try residentKiB(), kibibytes + 16 * 1024)
        print("\(count) sockets (tasks): \(kibibytes) KiB resident, then \(try residentKiB())")
    }

    private func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    private func residentKiB() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .ascii).split(separator: " ")[1]
        return Int(pages)! * 4
    }
}
