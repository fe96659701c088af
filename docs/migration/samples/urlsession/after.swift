// Sends a message to a server, prints the answer, and closes.
import EgretWebSocket
import Foundation

do {
    let socket = try await EgretWS.Service.shared.connect(CommandLine.arguments[1])
    try await socket.send("Hello Egret WebSocket")
    for try await message in socket.messages {
        if case .text(let text) = message { print("received:", text) }
        try await socket.close() // ends the messages
    }
} catch {
    print("failed:", error.localizedDescription)
    exit(1)
}
