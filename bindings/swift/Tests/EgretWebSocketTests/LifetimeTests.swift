// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// Tests of ownership and of leaks.
final class LifetimeTests: XCTestCase {
    final class Listener: EgretWS.SocketDelegate {
        var socket: EgretWS.Socket?
        var log: [String] = []
        let token: Token
        init(_ counter: Counter) { token = Token(counter) }
        func socketDidConnect(_ socket: EgretWS.Socket) {
            log.append("connect")
            assertOK { try socket.trySend("hello") }
        }
        func socket(_ socket: EgretWS.Socket, didReceive message: EgretWS.Message) {
            log.append("\(message)")
            assertOK { try socket.beginClose() }
        }
        func socket(_ socket: EgretWS.Socket, didClose info: EgretWS.CloseInfo) { log.append("close \(info.code)") }
    }

    func testADelegateIsCalledInOrderAndHeldWeakly() throws {
        try MainActor.assumeIsolated {
            try onBothDrivers { loop in
                let alive = Counter()
                var listener: Listener? = Listener(alive)
                let socket = try loop.beginConnect(echoURL, delegate: listener!)
                try poll(loop) { listener!.log.count == 3 }
                XCTAssertEqual(listener!.log, ["connect", "text(\"hello\")", "close 1000"])
                listener = nil
                XCTAssertEqual(alive.value, 0)
                XCTAssertEqual(socket.state, .closed)
            }
        }
    }

    func testAReleasedDelegateIsNotCalled() throws {
        try MainActor.assumeIsolated {
            try onBothDrivers { loop in
                let alive = Counter()
                var listener: Listener? = Listener(alive)
                let socket = try loop.beginConnect(echoURL, delegate: listener!)
                listener = nil
                XCTAssertEqual(alive.value, 0, "the socket keeps its delegate")
                // The connection opens, and no callback reports its end.
                try poll(loop) { socket.state == .open }
                try socket.beginClose()
                try poll(loop) { socket.state == .closed }
            }
        }
    }

    func testASocketMayBeReleasedInEachCallback() throws {
        try onBothDrivers { loop in
            for place in ["connect", "message", "close"] {
                let alive = Counter()
                var socket: EgretWS.Socket?
                weak var dropped: EgretWS.Socket?
                var calls: [String] = []
                func called(_ name: String) {
                    calls.append(name)
                    if name == place { socket = nil }
                }
                var on = EgretWS.SocketCallbacks()
                on.onConnect = { [token = Token(alive)] socket in
                    withExtendedLifetime(token) {}
                    assertOK { try socket.trySend("hello") }
                    called("connect")
                    // Still usable until the callback returns.
                    XCTAssertNotEqual(socket.state, .closed)
                }
                on.onMessage = { socket, _ in
                    assertOK { try socket.beginClose() }
                    called("message")
                }
                on.onClose = { _, _ in called("close") }
                socket = try loop.beginConnect(echoURL, callbacks: on)
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
        for flags in [EgretWS.LoopOptions.Flags(), .inline] {
            final class Game {
                var loop: EgretWS.Loop?
                var socket: EgretWS.Socket?
            }
            let game = Game(), alive = Counter()
            var options = EgretWS.LoopOptions()
            options.flags = flags
            game.loop = try EgretWS.Loop(options)
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { [token = Token(alive)] _ in
                withExtendedLifetime(token) {}
                game.loop = nil
            }
            game.socket = try game.loop?.beginConnect(echoURL, callbacks: on)
            on = .init()
            let deadline = Date() + 60
            while let loop = game.loop, Date() < deadline { try loop.poll(timeout: .milliseconds(100)) }
            XCTAssertEqual(alive.value, 0)
            XCTAssertEqual(game.socket?.state, .closed)
        }
    }

    /// In `onLog` a loop cannot be freed, and there may be no other thread that could free it later.
    func testTheLastReferenceMayBeReleasedInTheLog() throws {
        final class Gone: Sendable {
            let released = DispatchSemaphore(value: 0)
        }
        final class Held: Sendable {
            let gone: Gone
            init(_ gone: Gone) { self.gone = gone }
            deinit { gone.released.signal() }
        }
        let gone = Gone(), last = Locked<EgretWS.Socket?>(nil)
        func begin() throws {
            var options = EgretWS.LoopOptions()
            options.logLevel = .debug
            let stored = DispatchSemaphore(value: 0)
            // Then `last` has the last reference, for the next line of another thread.
            defer { stored.signal() }
            options.onLog = { [held = Held(gone)] _, _ in
                withExtendedLifetime(held) {}
                if Thread.isMainThread { return }
                stored.wait()
                stored.signal()
                // It is released after the unlock.
                var dropped: EgretWS.Socket?
                last.update { swap(&dropped, &$0) }
            }
            // Only the socket keeps its service alive.
            let socket = try EgretWS.Service(options).beginConnect(echoURL)
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
        let alive = Counter(), loop = try EgretWS.Loop()
        for _ in 0..<10 {
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { [token = Token(alive)] _ in withExtendedLifetime(token) {} }
            assertThrows(.invalidURL) { _ = try loop.beginConnect("nonsense", callbacks: on) }
        }
        XCTAssertEqual(alive.value, 0)
    }

    /// With EGRET_WS_TEST_SOCKETS=100000 these two tests take long.
    private let count = Int(ProcessInfo.processInfo.environment["EGRET_WS_TEST_SOCKETS"] ?? "2000")!

    func testManySocketsLeakNothing() throws {
        for flags in [EgretWS.LoopOptions.Flags(), .inline] {
            var options = EgretWS.LoopOptions()
            options.flags = flags
            let loop = try EgretWS.Loop(options), alive = Counter()
            var open: [ObjectIdentifier: EgretWS.Socket] = [:]
            var echoed = 0, descriptors = 0, kibibytes = 0
            for number in 0..<count {
                var on = EgretWS.SocketCallbacks()
                on.onConnect = { [token = Token(alive)] socket in
                    withExtendedLifetime(token) {}
                    assertOK { try socket.trySend("x") }
                }
                on.onMessage = { socket, _ in
                    echoed += 1
                    assertOK { try socket.beginClose() }
                }
                on.onClose = { socket, info in
                    XCTAssertTrue(info.wasClean, info.message)
                    open[ObjectIdentifier(socket)] = nil
                }
                let socket = try loop.beginConnect(echoURL, callbacks: on)
                open[ObjectIdentifier(socket)] = socket
                try poll(loop) { open.count < 50 }
                // The first sockets allocate everything that is kept permanently.
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
        let service = try EgretWS.Service()
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
