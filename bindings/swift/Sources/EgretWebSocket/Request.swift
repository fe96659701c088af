// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

extension EgretWS {
    /// The answer of `onRequest`: `EGRET_WS_REQUEST_*`.
    public enum RequestAnswer: Int32, Sendable {
        /// - continue: Connect; but not after an answer of the server that makes a retry useless, such as 401.
        /// - connect: Connect, also after such an answer: the request has changed, with a new token for example.
        /// - wait: Not yet: call `retryNow` when the request is ready; `onRequest` is then called again. `openTimeout` limits it.
        /// - stop: Do not connect. The socket closes.
        case `continue` = 0, connect, wait, stop
    }

    /// The request of the connection that will be made. A change lasts for this attempt and for later ones.
    public struct Request: Sendable {
        /// 0 for the first connection.
        public let attempt: Int
        /// How the last connection or attempt ended; nil at the first attempt.
        public let last: CloseInfo?

        enum Change: Sendable {
            case url(String)
            case header(String, String?)
            case subprotocols([String])
            case addresses([String])
        }
        private(set) var changes: [Change] = []

        init(attempt: Int, last: CloseInfo?) {
            self.attempt = attempt
            self.last = last
        }

        public mutating func setURL(_ url: String) { changes.append(.url(url)) }
        /// A header with this name replaces the ones of the options; nil removes them.
        public mutating func setHeader(_ name: String, _ value: String?) { changes.append(.header(name, value)) }
        /// An empty array removes them.
        public mutating func setSubprotocols(_ list: [String]) { changes.append(.subprotocols(list)) }

        /// The addresses of the server, as `addresses` of the options. An empty array removes them. Set them after the URL: a URL of
        /// another origin removes them.
        public mutating func setAddresses(_ list: [String]) { changes.append(.addresses(list)) }

        /// Makes the changes. Throws at the first one that the library refuses.
        func apply(to request: OpaquePointer?) throws(Error) {
            for change in changes {
                let memory = CMemory()
                switch change {
                case .url(let url):
                    try checked(egret_ws_request_set_url(request, try memory.text(url, "url")))
                case .header(let name, let value):
                    let cName = try memory.text(name, "header name"), cValue = try memory.text(value, "header \(name)")
                    try checked(egret_ws_request_set_header(request, cName, cValue))
                case .subprotocols(let list):
                    try checked(egret_ws_request_set_subprotocols(request, try memory.list(list, "subprotocols")))
                case .addresses(let list):
                    try checked(egret_ws_request_set_addresses(request, try memory.list(list, "addresses")))
                }
                withExtendedLifetime(memory) {}
            }
        }
    }

    /// The form of `onRequest` for tasks: the connection waits, at most `openTimeout`, until it returns.
    public typealias AsyncRequestHook = @Sendable (inout Request) async throws -> RequestAnswer
}

/// Runs an `AsyncRequestHook` in a task. C asks again when it is done.
///
/// The polling thread calls it. The task itself uses only `outcome`.
final class RequestTask {
    private struct Outcome: Sendable {
        let request: EgretWS.Request
        let answer: Result<EgretWS.RequestAnswer, any Error>
    }

    private let hook: EgretWS.AsyncRequestHook
    private let outcome = Awaited<Outcome?>(nil)
    private var running: (attempt: Int, task: Task<Void, Never>)?

    init(_ hook: @escaping EgretWS.AsyncRequestHook) { self.hook = hook }

    /// The request with its changes and the answer, or nil if C is to wait.
    func answer(
        to request: EgretWS.Request, on socket: EgretWS.Socket
    ) throws -> (EgretWS.Request, EgretWS.RequestAnswer)? {
        if running?.attempt == request.attempt {
            guard let done = outcome.update({ outcome in outcome.take() }) else { return nil }
            running = nil
            return (done.request, try done.answer.get())
        }
        // The attempt for which a task runs has ended meanwhile.
        running?.task.cancel()
        let made = outcome
        made.update { $0 = nil }
        let task = Task { [hook, weak socket] in
            var changed = request
            let answer: Result<EgretWS.RequestAnswer, any Error>
            do { answer = .success(try await hook(&changed)) } catch { answer = .failure(error) }
            // A task of an older attempt was cancelled, under the same lock.
            made.update { outcome in
                if !Task.isCancelled { outcome = Outcome(request: changed, answer: answer) }
            }
            try? socket?.retryNow()
        }
        running = (request.attempt, task)
        return nil
    }

    deinit { running?.task.cancel() }
}
