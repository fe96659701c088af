// SPDX-License-Identifier: MIT OR Apache-2.0
import EgretWebSocket
import Foundation
import XCTest

/// Loops that the main run loop polls. XCTest calls these tests on the main thread.
final class RunLoopTests: XCTestCase {
    @MainActor
    final class Game: @preconcurrency WebSocketDelegate {
        let loop: WebSocketLoop
        let token: Token
        var socket: WebSocket?
        var timer: FrameTimer?
        var echoes = 0

        init(_ alive: Counter) throws {
            token = Token(alive)
            loop = try WebSocketLoop()
            socket = try loop.connect(echoURL, delegate: self)
            timer = FrameTimer(polling: loop)
        }

        func webSocketDidConnect(_ socket: WebSocket) { assertOK { try socket.send("hello") } }
        func webSocket(_ socket: WebSocket, didReceive message: WebSocketMessage) {
            echoes += 1
            assertOK { try socket.send("hello") }
        }
    }

    func testAFrameTimerPollsUntilItIsStopped() throws {
        try MainActor.assumeIsolated {
            let alive = Counter()
            var game: Game? = try Game(alive)
            try runMainLoop { game!.echoes >= 2 }
            game?.timer?.stop()
            let echoes = game?.echoes
            runMainLoopForTenFrames()
            XCTAssertEqual(game?.echoes, echoes, "it polls when it is stopped")
            game = nil
            XCTAssertEqual(alive.value, 0, "the timer keeps the game")
        }
    }

    func testAReleasedFrameTimerStops() throws {
        try MainActor.assumeIsolated {
            let alive = Counter()
            let game = try Game(alive)
            weak var timer = game.timer
            try runMainLoop { game.echoes >= 2 }
            game.timer = nil
            XCTAssertNil(timer, "the run loop keeps the timer")
            let echoes = game.echoes
            runMainLoopForTenFrames()
            XCTAssertEqual(game.echoes, echoes, "it polls when it is dropped")
        }
    }

    /// A host without frames: the wake-up makes the main run loop poll.
    func testAWakeupMakesTheMainQueuePoll() throws {
        try MainActor.assumeIsolated {
            @MainActor final class Host {
                var loop: WebSocketLoop?
                var echoes = 0
            }
            let host = Host()
            let loop = try WebSocketLoop { [weak host] in
                DispatchQueue.main.async { [weak host] in assertOK { try host?.loop?.poll() } }
            }
            host.loop = loop
            var on = WebSocketCallbacks()
            on.onConnect = { socket in assertOK { try socket.send("hello") } }
            on.onMessage = { [weak host] _, _ in host?.echoes += 1 }
            let socket = try loop.connect(echoURL, callbacks: on)
            try runMainLoop { host.echoes == 1 }
            XCTAssertEqual(socket.state, .open)
        }
    }
}

@MainActor
private func runMainLoop(until condition: () -> Bool) throws {
    let deadline = Date() + 60
    while !condition() {
        guard Date() < deadline else { return XCTFail("waited in vain") }
        RunLoop.main.run(until: Date() + 0.01)
    }
}

/// Long enough to see whether something polls.
@MainActor
private func runMainLoopForTenFrames() { RunLoop.main.run(until: Date() + 1.0 / 6) }
