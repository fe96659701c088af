// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

extension EgretWS {
    /// Closures that take part in the making of connections: `egret_ws_hooks`. One that is nil is not called, and the library does
    /// that work.
    ///
    /// They run on threads of the library, several at the same time, and may block: only the connection that has asked waits, within
    /// its time-outs. All are released when the loop is freed and none of them is running any more.
    public struct Hooks: Sendable {
        /// Finds the addresses of a name, for example by HTTPDNS. Called for names of servers and of proxies, but not for
        /// `localhost`, a literal address, or where the socket has `addresses`. An error that it throws fails the attempt.
        public var onResolve: (@Sendable (ResolveQuery) throws -> Void)?
        /// Finds the proxies for a URL. Called before each attempt and after each redirect, where the socket has neither `proxy`
        /// nor `proxyFromEnvironment`. An error that it throws fails the attempt.
        public var onProxy: (@Sendable (ProxyQuery) throws -> Void)?
        /// Changes the descriptor of a TCP connection before it connects. An error that it throws refuses the address, and the next
        /// one is tried. Do not close, connect or keep the descriptor.
        public var onSocket: (@Sendable (_ descriptor: Int) throws -> Void)?
        /// Gets the errors that the closures above have thrown.
        public var onError: (@Sendable (any Swift.Error) -> Void)?
        /// The most threads, 1 to 64. Without a value: 32.
        public var maxThreads: Limit = .default

        public init() {}

        var isEmpty: Bool { onResolve == nil && onProxy == nil && onSocket == nil }
    }

    /// A question for the addresses of a name. Answer it once: inside the hook, or later from any thread. If it is released without an
    /// answer, the attempt fails.
    public final class ResolveQuery: Sendable {
        public let host: String
        private let question: Question

        fileprivate init(_ host: String, _ c: OpaquePointer?) {
            self.host = host
            question = Question(c) { _ = egret_ws_resolved($0, "") }
        }

        /// Answers with IP addresses, each with or without a port, as `addresses` of the options. An empty array: the name has none.
        ///
        /// Throws `badHandle` if the question was answered, or if no connection waits any more. After `invalidArgument` it is still
        /// open.
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

    /// A question for the proxies of a URL. Answer it once, as `ResolveQuery`.
    public final class ProxyQuery: Sendable {
        /// The scheme, the host and the port of the server, such as `wss://example.com:443/`.
        public let url: String
        private let question: Question

        fileprivate init(_ url: String, _ c: OpaquePointer?) {
            self.url = url
            question = Question(c) { _ = egret_ws_proxy_found($0, nil) }
        }

        /// Answers with at most 8 proxies, each a URL as `proxy` of the options, or `direct`. If one cannot be connected to (its
        /// name, TCP or TLS), the next one is tried. An empty array: a direct connection.
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

/// The `user` of C's hooks: retained when the loop is made, released by `release_user`.
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

    /// The struct for C, with a reference to this object that C owns.
    func c() throws(EgretWS.Error) -> egret_ws_hooks {
        var c = egret_ws_hooks()
        try checked(egret_ws_hooks_init(&c, MemoryLayout<egret_ws_hooks>.size))
        c.max_threads = try hooks.maxThreads.c("hooks.maxThreads")
        // The queries fail their question when the closure throws, because nothing else holds them then.
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

    /// Releases C's reference if no loop was made.
    func detach() { Unmanaged.passUnretained(self).release() }

    private static func of(_ user: UnsafeMutableRawPointer?) -> HookReceiver {
        Unmanaged<HookReceiver>.fromOpaque(user!).takeUnretainedValue()
    }
}
