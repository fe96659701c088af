// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

extension EgretWS {
    /// Closures that the library calls while it makes connections: `egret_ws_hooks`. If one is nil, the library itself does
    /// that work.
    ///
    /// They run on threads of the library, several at the same time, and may block: only the connection that needs the answer
    /// waits, within its time-outs. All are released when the loop is freed and none of them is running any more.
    public struct Hooks: Sendable {
        /// Finds the addresses of a name, for example with HTTPDNS. Called for names of servers and proxies, but not for
        /// `localhost`, a literal address, or a socket with `addresses`. If it throws, the attempt fails.
        public var onResolve: (@Sendable (ResolveQuery) throws -> Void)?
        /// Finds the proxies for a URL. Called before each attempt and after each redirect, if the socket has neither `proxy` nor
        /// `proxyFromEnvironment`. If it throws, the attempt fails.
        public var onProxy: (@Sendable (ProxyQuery) throws -> Void)?
        /// Changes the descriptor of a TCP connection before it connects. If it throws, the address is refused, and the next one is
        /// tried. Do not close, connect or keep the descriptor.
        public var onSocket: (@Sendable (_ descriptor: Int) throws -> Void)?
        /// Gets the errors that the closures above have thrown.
        public var onError: (@Sendable (any Swift.Error) -> Void)?
        /// The maximum number of threads, 1 to 64. The default is 32.
        public var maxThreads: Limit = .default

        public init() {}

        var isEmpty: Bool { onResolve == nil && onProxy == nil && onSocket == nil }
    }

    /// The question for the addresses of a name. Answer it once: inside the hook, or later from any thread. If it is released
    /// without an answer, the attempt fails.
    public final class ResolveQuery: Sendable {
        public let host: String
        private let question: Question

        fileprivate init(_ host: String, _ c: OpaquePointer?) {
            self.host = host
            question = Question(c) { _ = egret_ws_resolved($0, "") }
        }

        /// Answers with IP addresses, each with or without a port, as in the option `addresses`. An empty array means that the
        /// name has no address.
        ///
        /// Throws `badHandle` if the question is already answered, or if no connection waits any more. After `invalidArgument` the
        /// question is still open.
        public func answer(_ addresses: [String]) throws(Error) {
            let memory = CMemory()
            let list = addresses.isEmpty ? try memory.text("", "addresses") : try memory.list(addresses, "addresses")
            try question.answer { egret_ws_resolved($0, list) }
            withExtendedLifetime(memory) {}
        }

        /// Leaves the question to the system's resolver.
        public func askSystem() throws(Error) {
            try question.answer { egret_ws_resolved($0, nil) }
        }
    }

    /// The question for the proxies of a URL. Answer it once, like `ResolveQuery`.
    public final class ProxyQuery: Sendable {
        /// The scheme, the host and the port of the server, such as `wss://example.com:443/`.
        public let url: String
        private let question: Question

        fileprivate init(_ url: String, _ c: OpaquePointer?) {
            self.url = url
            question = Question(c) { _ = egret_ws_proxy_found($0, nil) }
        }

        /// Answers with at most 8 proxies: each is a URL as in the option `proxy`, or `direct`. If the connection to a proxy
        /// fails (its name, TCP or TLS), the next one is tried. An empty array means a direct connection.
        public func answer(_ proxies: [String]) throws(Error) {
            let memory = CMemory()
            let list = proxies.isEmpty ? try memory.text("", "proxies") : try memory.list(proxies, "proxies")
            try question.answer { egret_ws_proxy_found($0, list) }
            withExtendedLifetime(memory) {}
        }
    }
}

/// The handle of a question. It is a number that the library checks at each call, so any thread may use it.
private final class Question: Sendable {
    private let bits: UInt
    private let fail: @Sendable (OpaquePointer?) -> Void
    private let isAnswered = Awaited(false)

    init(_ c: OpaquePointer?, fail: @escaping @Sendable (OpaquePointer?) -> Void) {
        bits = UInt(bitPattern: c)
        self.fail = fail
    }

    func answer(_ call: (OpaquePointer?) -> Int32) throws(EgretWS.Error) {
        try checked(call(OpaquePointer(bitPattern: bits)))
        isAnswered.update { $0 = true }
    }

    deinit {
        if !isAnswered.update({ $0 }) { fail(OpaquePointer(bitPattern: bits)) }
    }
}

/// The `user` of C's hooks. It is retained when the loop is created, and released by `release_user`.
final class HookReceiver: Sendable {
    private let hooks: EgretWS.Hooks

    init(_ hooks: EgretWS.Hooks) { self.hooks = hooks }

    private func run(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return true
        } catch {
            hooks.onError?(error)
            return false
        }
    }

    /// Returns the struct for C, with a reference to this object that C owns.
    func c() throws(EgretWS.Error) -> egret_ws_hooks {
        var c = egret_ws_hooks()
        try checked(egret_ws_hooks_init(&c, MemoryLayout<egret_ws_hooks>.size))
        c.max_threads = try hooks.maxThreads.c("hooks.maxThreads")
        // If the closure throws, nothing else refers to the query, so its release fails the question.
        if hooks.onResolve != nil {
            c.on_resolve = { user, _, host, query in
                let hooks = HookReceiver.of(user)
                let question = EgretWS.ResolveQuery(String(cString: host!), query)
                _ = hooks.run { try hooks.hooks.onResolve?(question) }
            }
        }
        if hooks.onProxy != nil {
            c.on_proxy = { user, _, url, query in
                let hooks = HookReceiver.of(user)
                let question = EgretWS.ProxyQuery(String(cString: url!), query)
                _ = hooks.run { try hooks.hooks.onProxy?(question) }
            }
        }
        if hooks.onSocket != nil {
            c.on_socket = { user, _, descriptor in
                let hooks = HookReceiver.of(user)
                return hooks.run { try hooks.hooks.onSocket?(descriptor) } ? 0 : -1
            }
        }
        c.release_user = { Unmanaged<HookReceiver>.fromOpaque($0!).release() }
        c.user = Unmanaged.passRetained(self).toOpaque()
        return c
    }

    /// Releases C's reference if no loop was created.
    func detach() { Unmanaged.passUnretained(self).release() }

    private static func of(_ user: UnsafeMutableRawPointer?) -> HookReceiver {
        Unmanaged<HookReceiver>.fromOpaque(user!).takeUnretainedValue()
    }
}
