// session [URL]: stays logged in: takes a token for each connection, and logs in again after a reconnection.
import EgretWebSocket

actor Tokens {
    private var token = "old"
    func current() -> String { token }
    func renew() async throws -> String {
        token = "new"    // your request to the server that makes tokens
        return token
    }
}

@main
struct Session {
    static func main() async throws {
        let url = CommandLine.arguments.dropFirst().first ?? "ws://127.0.0.1:9000/"
        var options = EgretWS.SocketOptions()
        options.retryAttempts = 20
        options.pingInterval = .seconds(15)
        let tokens = Tokens()
        let socket = try EgretWS.Service.shared.beginConnect(url, options: options) { request in
            let isRefused = request.last?.httpStatus == 401
            let token = isRefused ? try await tokens.renew() : await tokens.current()
            request.setHeader("Authorization", "Bearer \(token)")
            return .connect
        }
        for try await event in socket.events {
            switch event {
            case .connected:
                try? await socket.send("login")    // if it fails, `retrying` or `closed` follows
            case .message(let message):
                print("received:", message)
                try socket.beginClose()
            case .pong: break
            case .retrying(let info, let attempt, let delay): print("attempt \(attempt) in \(delay): \(info.message)")
            case .closed(let info): print(info.message)
            }
        }
    }
}
