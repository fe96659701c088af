// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

extension EgretWS {
    /// A header of the request.
    public struct Header: Sendable {
        public var name: String
        public var value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The options of a socket, named as in `egret_ws_options`, which documents each one. A field that is not set has the library's
    /// default. Numbers are checked when a connection begins.
    public struct SocketOptions: Sendable {
        public struct Flags: OptionSet, Sendable {
            public let rawValue: UInt32
            public init(rawValue: UInt32) { self.rawValue = rawValue }

            // generated: flags, by "make header"; do not edit
            public static let onlyTheseRoots = Self(rawValue: UInt32(EGRET_WS_ONLY_THESE_ROOTS))
            public static let proxyFromEnvironment = Self(rawValue: UInt32(EGRET_WS_PROXY_FROM_ENVIRONMENT))
            public static let resend = Self(rawValue: UInt32(EGRET_WS_RESEND))
            public static let disableDeflate = Self(rawValue: UInt32(EGRET_WS_DISABLE_DEFLATE))
            public static let disableAlpn = Self(rawValue: UInt32(EGRET_WS_DISABLE_ALPN))
            public static let disableTlsResumption = Self(rawValue: UInt32(EGRET_WS_DISABLE_TLS_RESUMPTION))
            public static let secureRedirectsOnly = Self(rawValue: UInt32(EGRET_WS_SECURE_REDIRECTS_ONLY))
            public static let acceptAnyCertificate = Self(rawValue: UInt32(EGRET_WS_ACCEPT_ANY_CERTIFICATE))
            public static let allowPrivateRedirects = Self(rawValue: UInt32(EGRET_WS_ALLOW_PRIVATE_REDIRECTS))
            // generated: end
        }

        // generated: constants, by "make header"; do not edit
        public static let tls12 = Int(EGRET_WS_TLS_1_2)
        public static let tls13 = Int(EGRET_WS_TLS_1_3)
        public static let maxPendingSockets = Int(EGRET_WS_MAX_PENDING_SOCKETS)
        public static let maxMessageBytes = Int(EGRET_WS_MAX_MESSAGE_BYTES)
        // generated: end

        public var flags: Flags = []

        // generated: options, by "make header"; do not edit
        // Deadlines.
        public var connectTimeout: Timeout = .default
        public var handshakeTimeout: Timeout = .default
        public var flushTimeout: Timeout = .default
        public var closeTimeout: Timeout = .default
        public var resolveTimeout: Timeout = .default
        public var proxyTimeout: Timeout = .default
        public var tlsTimeout: Timeout = .default
        public var openTimeout: Timeout = .default

        // Bounds.
        public var maxMessageBytes = 0
        public var maxSendBufferBytes = 0
        public var maxReceiveQueueBytes = 0
        public var maxRefusalBodyBytes: Limit = .default

        // The request. An empty text is not the same as none: see `userAgent` and `proxy`.
        public var subprotocols: [String] = []
        public var headers: [Header] = []
        public var origin: String?
        public var userAgent: String?
        public var username: String?
        public var password: String?
        public var maxRedirects = 0
        public var proxy: String?

        // TLS.
        public var tlsMinVersion = 0
        public var tlsRoots = Data()
        public var tlsPins: [String] = []
        public var tlsIdentity = Data()
        public var tlsIdentityPassword: String?
        public var tlsServerName: String?

        // The network.
        public var addresses: [String] = []
        public var attemptDelay: Timeout = .default
        public var localAddress: String?
        public var localInterface: String?

        // Heartbeat.
        public var pingInterval: Timeout = .default
        public var pongTimeout: Timeout = .default
        public var probeTimeout: Timeout = .default

        // Reconnecting.
        public var retryAttempts: Limit = .default
        // generated: end

        /// permessage-deflate: `egret_ws_deflate_options`.
        public struct Deflate: Sendable {
            // generated: deflate options, by "make header"; do not edit
            public var level = 0
            public var thresholdBytes: Limit = .default
            public var clientWindowBits = 0
            public var serverWindowBits = 0
            public var clientNoContextTakeover = false
            public var serverNoContextTakeover = false
            // generated: end

            public init() {}
        }
        public var deflate = Deflate()

        /// Reconnecting: `egret_ws_retry_options`. `retryAttempts` switches it on.
        public struct Retry: Sendable {
            // generated: retry options, by "make header"; do not edit
            public var minWait: Timeout = .default
            public var firstWait: Timeout = .default
            public var maxWait: Timeout = .default
            public var total: Timeout = .default
            // generated: end

            public init() {}
        }
        public var retry = Retry()

        /// For sockets of tasks; it exists only in Swift. When the unread events need this number of bytes, the socket stops
        /// receiving until half of them are read, and TCP slows the peer down.
        public var maxUnreadBytes = 1 << 20

        public init() {}

        /// Returns a struct with all fields except `user` and the callbacks. Its pointers are valid as long as `memory` lives.
        func c(in memory: CMemory) throws(Error) -> egret_ws_options {
            var c = egret_ws_options()
            try checked(egret_ws_options_init(&c, MemoryLayout<egret_ws_options>.size))
            c.flags = flags.rawValue
            _ = try maxUnreadBytes.c("maxUnreadBytes")
            // generated: options for C, by "make header"; do not edit
            c.connect_timeout_ms = try connectTimeout.c("connectTimeout")
            c.handshake_timeout_ms = try handshakeTimeout.c("handshakeTimeout")
            c.flush_timeout_ms = try flushTimeout.c("flushTimeout")
            c.close_timeout_ms = try closeTimeout.c("closeTimeout")
            c.resolve_timeout_ms = try resolveTimeout.c("resolveTimeout")
            c.proxy_timeout_ms = try proxyTimeout.c("proxyTimeout")
            c.tls_timeout_ms = try tlsTimeout.c("tlsTimeout")
            c.open_timeout_ms = try openTimeout.c("openTimeout")
            c.max_message_bytes = try maxMessageBytes.c("maxMessageBytes")
            c.max_send_buffer_bytes = try maxSendBufferBytes.c("maxSendBufferBytes")
            c.max_receive_queue_bytes = try maxReceiveQueueBytes.c("maxReceiveQueueBytes")
            c.max_refusal_body_bytes = try maxRefusalBodyBytes.c("maxRefusalBodyBytes")
            c.subprotocols = try memory.list(subprotocols, "subprotocols")
            c.origin = try memory.text(origin, "origin")
            c.user_agent = try memory.text(userAgent, "userAgent")
            c.username = try memory.text(username, "username")
            c.password = try memory.text(password, "password")
            c.max_redirects = try maxRedirects.c("maxRedirects")
            c.proxy = try memory.text(proxy, "proxy")
            c.tls_min_version = try tlsMinVersion.c("tlsMinVersion")
            c.tls_roots = memory.array(tlsRoots.map { CChar(bitPattern: $0) })
            c.tls_roots_len = tlsRoots.count
            c.tls_pins = try memory.list(tlsPins, "tlsPins")
            c.tls_identity = memory.array(Array(tlsIdentity))
            c.tls_identity_len = tlsIdentity.count
            c.tls_identity_password = try memory.text(tlsIdentityPassword, "tlsIdentityPassword")
            c.tls_server_name = try memory.text(tlsServerName, "tlsServerName")
            c.addresses = try memory.list(addresses, "addresses")
            c.attempt_delay_ms = try attemptDelay.c("attemptDelay")
            c.local_address = try memory.text(localAddress, "localAddress")
            c.local_interface = try memory.text(localInterface, "localInterface")
            c.ping_interval_ms = try pingInterval.c("pingInterval")
            c.pong_timeout_ms = try pongTimeout.c("pongTimeout")
            c.probe_timeout_ms = try probeTimeout.c("probeTimeout")
            c.retry_attempts = try retryAttempts.c("retryAttempts")
            // generated: end
            var cHeaders: [egret_ws_header] = []
            for header in headers {
                let name = try memory.text(header.name, "headers")
                cHeaders.append(.init(name: name, value: try memory.text(header.value, header.name)))
            }
            c.headers = memory.array(cHeaders)
            c.header_count = try cHeaders.count.c("headers")
            c.deflate = memory.array([try deflate.c()])
            c.retry = memory.array([try retry.c()])
            return c
        }
    }
}

extension EgretWS.SocketOptions.Deflate {
    func c() throws(EgretWS.Error) -> egret_ws_deflate_options {
        var c = egret_ws_deflate_options()
        try checked(egret_ws_deflate_options_init(&c, MemoryLayout<egret_ws_deflate_options>.size))
        // generated: deflate options for C, by "make header"; do not edit
        c.level = try level.c("level")
        c.threshold_bytes = try thresholdBytes.c("thresholdBytes")
        c.client_window_bits = try clientWindowBits.c("clientWindowBits")
        c.server_window_bits = try serverWindowBits.c("serverWindowBits")
        c.client_no_context_takeover = clientNoContextTakeover ? 1 : 0
        c.server_no_context_takeover = serverNoContextTakeover ? 1 : 0
        // generated: end
        return c
    }
}

extension EgretWS.SocketOptions.Retry {
    func c() throws(EgretWS.Error) -> egret_ws_retry_options {
        var c = egret_ws_retry_options()
        try checked(egret_ws_retry_options_init(&c, MemoryLayout<egret_ws_retry_options>.size))
        // generated: retry options for C, by "make header"; do not edit
        c.min_wait_ms = try minWait.c("minWait")
        c.first_wait_ms = try firstWait.c("firstWait")
        c.max_wait_ms = try maxWait.c("maxWait")
        c.total_ms = try total.c("total")
        // generated: end
        return c
    }
}
