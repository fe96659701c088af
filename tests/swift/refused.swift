// The compiler must refuse the marked lines and no others (tests.sh tries each one). A loop and its callbacks stay in one isolation
// domain. A socket, a service and a control may be used in all domains.
import EgretWebSocket

@MainActor
final class Game {
    var score = 0
}

func aLoopIsNotForOtherTasks(loop: EgretWS.Loop) {
    let control = loop.control
    Task.detached { try control.suspend() }
    Task.detached { try loop.poll() }  // refused
}

func callbacksAreOfTheDomainThatPolls(loop: EgretWS.Loop, game: Game) throws -> EgretWS.Socket {
    var on = EgretWS.SocketCallbacks()
    on.onMessage = { _, _ in game.score += 1 }  // refused
    return try loop.beginConnect("ws://127.0.0.1/", callbacks: on)
}

@MainActor
func onTheMainActorTheyMayTouchIt(loop: EgretWS.Loop, game: Game) throws {
    var on = EgretWS.SocketCallbacks()
    on.onMessage = { _, _ in game.score += 1 }
    let socket = try loop.beginConnect("ws://127.0.0.1/", callbacks: on)
    Task.detached { try socket.trySend("from elsewhere") }
}

@MainActor
func aLoopWithADelegateIsTheMainActors(loop: sending EgretWS.Loop, delegate: any EgretWS.SocketDelegate) throws {
    let socket = try loop.beginConnect("ws://127.0.0.1/", delegate: delegate)
    Task.detached { try socket.trySend("from elsewhere") }
    Task.detached { try loop.poll() }  // refused
}

func aDelegateNeedsTheMainActor(loop: EgretWS.Loop, delegate: any EgretWS.SocketDelegate) throws {
    _ = try loop.beginConnect("ws://127.0.0.1/", delegate: delegate)  // refused
}

func theLogComesFromAnyThread(game: Game) {
    var score = 0
    var options = EgretWS.LoopOptions()
    options.onLog = { _, _ in score += 1 }  // refused
    options.onLog = { _, _ in Task { @MainActor in game.score += 1 } }
    print(options, score)
}

func aServiceIsForAllTasks(service: EgretWS.Service) {
    Task.detached { try await service.connect("ws://127.0.0.1/") }
}
