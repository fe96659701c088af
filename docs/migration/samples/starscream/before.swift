// Sends a message to a server, prints the answer, and closes.
import Foundation
import Starscream

final class Chat: WebSocketDelegate {
    private let socket: WebSocket

    init(_ url: String) {
        var request = URLRequest(url: URL(string: url)!)
        request.timeoutInterval = 10
        socket = WebSocket(request: request)
        socket.delegate = self
        socket.connect()
    }

    func didReceive(event: WebSocketEvent, client: any WebSocketClient) {
        switch event {
        case .connected:
            client.write(string: "Hello Egret WebSocket")
        case .text(let text):
            print("received:", text)
            client.disconnect()
        case .disconnected, .cancelled, .peerClosed:
            exit(0)
        case .error(let error):
            print("failed:", error?.localizedDescription ?? "no reason")
            exit(1)
        case .binary, .ping, .pong, .viabilityChanged, .reconnectSuggested:
            break
        }
    }
}

let chat = Chat(CommandLine.arguments[1])
RunLoop.main.run()
