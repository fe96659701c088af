// first [URL] [ROOTS]: says hello, reports each error, connects again, also by TLS; ROOTS is a file with certificates to trust.
import EgretWebSocket
import Foundation

@main
struct First {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        var options = EgretWS.SocketOptions()
        options.retryAttempts = 5
        do {
            if let roots = arguments.dropFirst().first {
                options.tlsRoots = try Data(contentsOf: URL(fileURLWithPath: roots))    // besides those of the system
            }
            let url = arguments.first ?? "ws://127.0.0.1:9000/"
            let socket = try EgretWS.Service.shared.beginConnect(url, options: options)
            for try await event in socket.events {
                switch event {
                case .connected:
                    print("connected")
                    try await socket.send("hello")
                case .message(let message):
                    print("received:", message)
                    try socket.beginClose()
                case .pong: break
                case .retrying(let info, let attempt, let delay): print("\(info.message); attempt \(attempt) in \(delay)")
                case .closed(let info):
                    print(info.error.map { "\($0): \(info.message)" } ?? info.message)
                    if info.error != nil { exit(1) }
                }
            }
        } catch {
            print("failed: \(error.localizedDescription)")
            exit(1)
        }
    }
}
