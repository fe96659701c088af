// Sends a message to a server, prints the answer, and closes.
import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

let socket = URLSession.shared.webSocketTask(with: URL(string: CommandLine.arguments[1])!)
do {
    socket.resume()
    try await socket.send(.string("Hello Egret WebSocket"))
    if case .string(let text) = try await socket.receive() { print("received:", text) }
    socket.cancel(with: .normalClosure, reason: nil)
} catch {
    print("failed:", error.localizedDescription)
    exit(1)
}
