// cost MESSAGES URL bytes|message|delegate|async: works like tests/cpp/cost/cost.c, but uses the binding. It sends messages of 64
// bytes to an echo server and waits for each echo. callgrind counts the instructions (cost.sh).
import EgretWebSocket

let messages = Int(CommandLine.arguments[1])!, url = CommandLine.arguments[2], style = CommandLine.arguments[3]
let text = String(repeating: "0123456789abcdef", count: 4)

final class Game: EgretWS.SocketDelegate {
    var left: Int, sum = 0
    init(_ messages: Int) { left = messages }

    func sendNext(_ socket: EgretWS.Socket) {
        left -= 1
        if left >= 0 { try! socket.trySend(text) } else { try! socket.beginClose() }
    }

    func socketDidConnect(_ socket: EgretWS.Socket) { sendNext(socket) }
    func socket(_ socket: EgretWS.Socket, didReceive message: EgretWS.Message) {
        if case .text(let text) = message { sum += Int(text.utf8.first!) + text.utf8.count }
        sendNext(socket)
    }
}

@MainActor
func play() throws {
    var options = EgretWS.LoopOptions()
    options.flags = .inline
    let loop = try EgretWS.Loop(options), game = Game(messages), socket: EgretWS.Socket
    var on = EgretWS.SocketCallbacks()
    on.onConnect = { game.sendNext($0) }
    switch style {
    case "bytes":
        on.onBytes = { socket, bytes, _ in
            game.sum += Int(bytes[0]) + bytes.count
            game.sendNext(socket)
        }
        socket = try loop.beginConnect(url, callbacks: on)
    case "message":
        on.onMessage = { game.socket($0, didReceive: $1) }
        socket = try loop.beginConnect(url, callbacks: on)
    default:
        socket = try loop.beginConnect(url, delegate: game)
    }
    while socket.state != .closed { try loop.poll(timeout: .unlimited) }
    print(game.sum)
}

func playAsync() async throws {
    let socket = try await EgretWS.Service.shared.connect(url)
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
