// game [URL]: polls once a frame. It also suspends and resumes, as when a game goes to the background and comes back.
import EgretWebSocket
import Foundation

@MainActor
final class Game: EgretWS.SocketDelegate {
    private let timer: EgretWS.FrameTimer
    private var socket: EgretWS.Socket?
    private(set) var isOver = false

    init(_ url: String) throws {
        let loop = try EgretWS.Loop()
        timer = EgretWS.FrameTimer(polling: loop)    // or call loop.poll() in your frame loop
        socket = try loop.beginConnect(url, delegate: self)
    }

    func sceneDidEnterBackground() { timer.enterBackground() }
    func sceneWillEnterForeground() { timer.enterForeground() }

    func socketDidConnect(_ socket: EgretWS.Socket) {
        do { try socket.trySend("hello") } catch { print("not sent:", error.localizedDescription) }
    }

    func socket(_ socket: EgretWS.Socket, didReceive message: EgretWS.Message) {
        print("received:", message)
        try? socket.beginClose()
    }

    func socket(_ socket: EgretWS.Socket, didClose info: EgretWS.CloseInfo) {
        print(info.error.map { "failed, \($0): \(info.message)" } ?? info.message)
        isOver = true
    }
}

@main
struct Main {
    @MainActor
    static func main() throws {
        let game = try Game(CommandLine.arguments.dropFirst().first ?? "ws://127.0.0.1:9000/")
        game.sceneDidEnterBackground()
        game.sceneWillEnterForeground()
        while !game.isOver { RunLoop.main.run(until: Date() + 0.1) }
    }
}
