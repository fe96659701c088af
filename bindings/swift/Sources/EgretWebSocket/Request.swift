// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

extension EgretWS {
    /// The answer of `onRequest`: `EGRET_WS_REQUEST_*`.
    public enum RequestAnswer: Int32, Sendable {
        /// - continue: Connect, unless the last answer of the server makes a retry useless, such as 401.
        /// - connect: Connect even after such an answer, because the request has changed, for example its token.
        /// - wait: Wait, at most `openTimeout`. Call `retryNow` when the request is ready; then `onRequest` is called again.
        /// - stop: Do not connect. The socket closes.
        case `continue` = 0, connect, wait, stop
    }

    /// The request of the next connection. A change applies to this attempt and to later ones.
    public struct Request: Sendable {
        /// The number of the attempt; 0 for the first connection.
        public let attempt: Int
        /// The close report of the last connection or attempt; nil at the first attempt.
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
        /// Replaces the headers with this name; nil removes them.
        public mutating func setHeader(_ name: String, _ value: String?) { changes.append(.header(name, value)) }
        /// Replaces the subprotocols. An empty array removes them.
        public mutating func setSubprotocols(_ list: [String]) { changes.append(.subprotocols(list)) }

        /// Replaces the addresses of the server: see the option `addresses`. An empty array removes them. Set them after the
        /// URL, because a URL of another origin removes them.
        public mutating func setAddresses(_ list: [String]) { changes.append(.addresses(list)) }

        /// Applies the changes. Throws at the first change that the library refuses.
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

    /// The async form of `onRequest`, for tasks. The connection waits until it returns, for at most `openTimeout`.
    public typealias AsyncRequestHook = @Sendable (inout Request) async throws -> RequestAnswer
}

/// Runs an `AsyncRequestHook` in a task. After its end, C calls `on_request` again.
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

    /// Returns the request with its changes, and the answer; nil if C must wait.
    func answer(
        to request: EgretWS.Request, on socket: EgretWS.Socket
    ) throws -> (EgretWS.Request, EgretWS.RequestAnswer)? {
        if running?.attempt == request.attempt {
            guard let done = outcome.update({ outcome in outcome.take() }) else { return nil }
            running = nil
            return (done.request, try done.answer.get())
        }
        // The attempt for which the task runs has already ended.
        running?.task.cancel()
        let made = outcome
        made.update { $0 = nil }
        let task = Task { [hook, weak socket] in
            var changed = request
            let answer: Result<EgretWS.RequestAnswer, any Error>
            do { answer = .success(try await hook(&changed)) } catch { answer = .failure(error) }
            // The task of an older attempt was cancelled, under this lock.
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
