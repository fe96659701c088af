// cost MESSAGES URL bytes|message|delegate|async: as tests/cpp/cost/cost.c, with the binding: sends messages of 64 bytes to an echo
// server and back, one at a time. callgrind counts the instructions (cost.sh).
import EgretWebSocket

let messages = Int(CommandLine.arguments[1])!, url = CommandLine.arguments[2], style = CommandLine.arguments[3]
let text = String(repeating: "0123456789abcdef", count: 4)

final class Game: WebSocketDelegate {
    var left: Int, sum = 0
    init(_ messages: Int) { left = messages }

    func sendNext(_ socket: WebSocket) {
        left -= 1
        if left >= 0 { try! socket.send(text) } else { try! socket.close() }
    }

    func webSocketDidConnect(_ socket: WebSocket) { sendNext(socket) }
    func webSocket(_ socket: WebSocket, didReceive message: WebSocketMessage) {
        if case .text(let text) = message { sum += Int(text.utf8.first!) + text.utf8.count }
        sendNext(socket)
    }
}

func play() throws {
    var options = LoopOptions()
    options.flags = .inline
    let loop = try WebSocketLoop(options), game = Game(messages), socket: WebSocket
    var on = WebSocketCallbacks()
    on.onConnect = { game.sendNext($0) }
    switch style {
    case "bytes":
        on.onBytes = { socket, bytes, _ in
            game.sum += Int(bytes[0]) + bytes.count
            game.sendNext(socket)
        }
        socket = try loop.connect(url, callbacks: on)
    case "message":
        on.onMessage = { game.webSocket($0, didReceive: $1) }
        socket = try loop.connect(url, callbacks: on)
    default:
        socket = try loop.connect(url, delegate: game)
    }
    while socket.state != .closed { try loop.poll(timeoutMs: -1) }
    print(game.sum)
}

func playAsync() async throws {
    let socket = try await WebSocketService.shared.connect(url)
    var left = messages, sum = 0
    try await socket.send(text)
    for try await message in socket.messages {
        if case .text(let text) = message { sum += Int(text.utf8.first!) + text.utf8.count }
        left -= 1
        if left > 0 { try await socket.send(text) } else { try await socket.close() }
    }
    print(sum)
}

if style == "async" { try await playAsync() } else { try play() }
