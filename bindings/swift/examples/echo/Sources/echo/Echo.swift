// echo [URL]: says hello to an echo server, prints the answer and closes.
import EgretWebSocket

@main
struct Echo {
    static func main() async throws {
        let url = CommandLine.arguments.dropFirst().first ?? "ws://127.0.0.1:9000/"
        let socket = try await EgretWS.Service.shared.connect(url)
        try await socket.send("Hello Egret WebSocket")
        for try await message in socket.messages {
            print("received:", message)
            print(try await socket.close().message)
        }
    }
}
