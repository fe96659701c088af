// The compiler must refuse the marked lines and no others (tests.sh tries each one): a loop and its callbacks stay in one isolation
// domain, while a socket, a service and a control may be used in all domains.
import EgretWebSocket

@MainActor
final class Game {
    var score = 0
}

func aLoopIsNotForOtherTasks(loop: WebSocketLoop) {
    let control = loop.control
    Task.detached { try control.suspend() }
    Task.detached { try loop.poll() }  // refused
}

func callbacksAreOfTheDomainThatPolls(loop: WebSocketLoop, game: Game) throws -> WebSocket {
    var on = WebSocketCallbacks()
    on.onMessage = { _, _ in game.score += 1 }  // refused
    return try loop.connect("ws://127.0.0.1/", callbacks: on)
}

@MainActor
func onTheMainActorTheyMayTouchIt(loop: WebSocketLoop, game: Game) throws {
    var on = WebSocketCallbacks()
    on.onMessage = { _, _ in game.score += 1 }
    let socket = try loop.connect("ws://127.0.0.1/", callbacks: on)
    Task.detached { try socket.send("from elsewhere") }
}

func theLogComesFromAnyThread(game: Game) {
    var score = 0
    var options = LoopOptions()
    options.onLog = { _, _ in score += 1 }  // refused
    options.onLog = { _, _ in Task { @MainActor in game.score += 1 } }
    print(options, score)
}

func aServiceIsForAllTasks(service: WebSocketService) {
    Task.detached { try await service.connect("ws://127.0.0.1/") }
}
