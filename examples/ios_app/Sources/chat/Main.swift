// chat [URL]: runs ChatCore without an app. It sends a line, goes to the background and returns, sends another line, and leaves.
import ChatCore

@main
struct Main {
    @MainActor
    static func main() async throws {
        let chat = try Chat(url: CommandLine.arguments.dropFirst().first ?? "ws://127.0.0.1:9000/")
        var printed = 0
        let (changes, change) = AsyncStream.makeStream(of: Void.self)
        chat.onChange = { change.yield() }
        /// Prints the lines until this line has arrived.
        func wait(for line: String) async {
            var iterator = changes.makeAsyncIterator()
            while true {
                while printed < chat.lines.count {
                    printed += 1
                    print(chat.lines[printed - 1])
                    if chat.lines[printed - 1] == line { return }
                }
                await iterator.next()
            }
        }
        await wait(for: "connected")
        await chat.say("hello")
        await wait(for: "hello") // the server's echo
        chat.enterBackground()
        chat.enterForeground()
        await chat.say("back again")
        await wait(for: "back again")
        await chat.leave()
        for line in chat.lines.dropFirst(printed) { print(line) }
    }
}
