// Sends a message to a server, prints the answer, and closes.
import EgretWebSocket
import Foundation

@MainActor
final class Chat: EgretWS.SocketDelegate {
    private let timer: EgretWS.FrameTimer
    private var socket: EgretWS.Socket?

    init(_ url: String) throws {
        var options = EgretWS.SocketOptions()
        options.openTimeout = .seconds(10)
        let loop = try EgretWS.Loop()
        timer = EgretWS.FrameTimer(polling: loop)
        socket = try loop.beginConnect(url, options: options, delegate: self)
    }

    func socketDidConnect(_ socket: EgretWS.Socket) {
        do { try socket.trySend("Hello Egret WebSocket") } catch { print("not sent:", error.message) }
    }

    func socket(_ socket: EgretWS.Socket, didReceive message: EgretWS.Message) {
        guard case .text(let text) = message else { return }
        print("received:", text)
        try? socket.beginClose()
    }

    func socket(_ socket: EgretWS.Socket, didClose info: EgretWS.CloseInfo) {
        if info.wasClean { exit(0) }
        print("failed:", info.message)
        exit(1)
    }
}

let chat = try Chat(CommandLine.arguments[1])
RunLoop.main.run()
