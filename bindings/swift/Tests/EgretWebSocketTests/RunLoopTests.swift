// SPDX-License-Identifier: MIT OR Apache-2.0
@testable import EgretWebSocket
import Foundation
import XCTest

/// Loops that the main run loop polls. XCTest calls these tests on the main thread.
final class RunLoopTests: XCTestCase {
    @MainActor
    final class Game: EgretWS.SocketDelegate {
        let loop: EgretWS.Loop
        let token: Token
        var socket: EgretWS.Socket?
        var timer: EgretWS.FrameTimer?
        var echoes = 0

        init(_ alive: Counter) throws {
            token = Token(alive)
            loop = try EgretWS.Loop()
            socket = try loop.beginConnect(echoURL, delegate: self)
            timer = EgretWS.FrameTimer(polling: loop)
        }

        func socketDidConnect(_ socket: EgretWS.Socket) { assertOK { try socket.trySend("hello") } }
        func socket(_ socket: EgretWS.Socket, didReceive message: EgretWS.Message) {
            echoes += 1
            assertOK { try socket.trySend("hello") }
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

    /// In the background nothing polls once per frame, but the loop still dispatches its events.
    func testInTheBackgroundTheLoopAsksForPolls() throws {
        try MainActor.assumeIsolated {
            let alive = Counter()
            var game: Game? = try Game(alive)
            try runMainLoop { game!.echoes >= 2 }
            game?.timer?.enterBackground()
            // A second call does nothing.
            game?.timer?.enterBackground()
            let echoes = game!.echoes
            try runMainLoop { game!.echoes >= echoes + 10 }
            XCTAssertEqual(game?.socket?.state, .open)
            game?.timer?.enterForeground()
            game?.timer?.enterForeground()
            let again = game!.echoes
            try runMainLoop { game!.echoes >= again + 2 }
            // A timer that is stopped in the background no longer polls.
            game?.timer?.enterBackground()
            game?.timer?.stop()
            let stopped = game?.echoes
            runMainLoopForTenFrames()
            XCTAssertEqual(game?.echoes, stopped, "it polls when it is stopped")
            game?.timer?.enterForeground()
            runMainLoopForTenFrames()
            XCTAssertEqual(game?.echoes, stopped, "it polls when it was stopped before")
            game = nil
            XCTAssertEqual(alive.value, 0, "the wake-up keeps the game")
        }
    }

    /// Without traffic nothing polls in the background: no timer wakes the process.
    func testAnIdleLoopIsNotPolledInTheBackground() throws {
        try MainActor.assumeIsolated {
            let loop = try EgretWS.Loop(), timer = EgretWS.FrameTimer(polling: loop)
            timer.enterBackground()
            runMainLoopForTenFrames()
            let before = timer.polls
            runMainLoopForTenFrames()
            XCTAssertEqual(timer.polls, before)
            timer.enterForeground()
            try runMainLoop { timer.polls > before + 2 }
        }
    }

    /// An application without frames: the wake-up makes the main run loop poll.
    func testAWakeupMakesTheMainQueuePoll() throws {
        try MainActor.assumeIsolated {
            @MainActor final class App {
                var loop: EgretWS.Loop?
                var echoes = 0
            }
            let app = App()
            let loop = try EgretWS.Loop { [weak app] in
                DispatchQueue.main.async { [weak app] in assertOK { try app?.loop?.poll() } }
            }
            app.loop = loop
            var on = EgretWS.SocketCallbacks()
            on.onConnect = { socket in assertOK { try socket.trySend("hello") } }
            on.onMessage = { [weak app] _, _ in app?.echoes += 1 }
            let socket = try loop.beginConnect(echoURL, callbacks: on)
            try runMainLoop { app.echoes == 1 }
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

/// Waits long enough to detect polls.
@MainActor
private func runMainLoopForTenFrames() { RunLoop.main.run(until: Date() + 1.0 / 6) }
