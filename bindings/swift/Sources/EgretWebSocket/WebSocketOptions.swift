// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS
import Foundation

/// A header of the request.
public struct Header: Sendable {
    public var name: String
    public var value: String
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The options of a socket, with the names and units of `egret_ws_options`, which documents each one. A field that is zero,
/// empty or nil has the library's default.
public struct WebSocketOptions: Sendable {
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        // generated: flags, by "make header"; do not edit
        public static let onlyTheseRoots = Self(rawValue: UInt32(EGRET_WS_ONLY_THESE_ROOTS))
        public static let proxyFromEnvironment = Self(rawValue: UInt32(EGRET_WS_PROXY_FROM_ENVIRONMENT))
        public static let resend = Self(rawValue: UInt32(EGRET_WS_RESEND))
        public static let disableDeflate = Self(rawValue: UInt32(EGRET_WS_DISABLE_DEFLATE))
        public static let disableAlpn = Self(rawValue: UInt32(EGRET_WS_DISABLE_ALPN))
        public static let acceptAnyCertificate = Self(rawValue: UInt32(EGRET_WS_ACCEPT_ANY_CERTIFICATE))
        public static let allowPrivateRedirects = Self(rawValue: UInt32(EGRET_WS_ALLOW_PRIVATE_REDIRECTS))
        // generated: end
    }

    // generated: constants, by "make header"; do not edit
    public static let tls12 = UInt32(EGRET_WS_TLS_1_2)
    public static let tls13 = UInt32(EGRET_WS_TLS_1_3)
    public static let maxMessageBytes = Int(EGRET_WS_MAX_MESSAGE_BYTES)
    public static let maxPendingSockets = Int(EGRET_WS_MAX_PENDING_SOCKETS)
    // generated: end

    public var flags: Flags = []

    // generated: options, by "make header"; do not edit
    // Deadlines.
    public var connectTimeoutMs: UInt32 = 0
    public var handshakeTimeoutMs: UInt32 = 0
    public var flushTimeoutMs: UInt32 = 0
    public var closeTimeoutMs: UInt32 = 0
    public var resolveTimeoutMs: UInt32 = 0
    public var proxyTimeoutMs: UInt32 = 0
    public var tlsTimeoutMs: UInt32 = 0
    public var openTimeoutMs: UInt32 = 0

    // Bounds.
    public var maxMessageBytes: UInt32 = 0
    public var maxSendBufferBytes: UInt32 = 0
    public var maxReceiveQueueBytes: UInt32 = 0

    // The request. An empty text is not the same as none: see `userAgent` and `proxy`.
    public var subprotocols: String?
    public var headers: [Header] = []
    public var origin: String?
    public var userAgent: String?
    public var username: String?
    public var password: String?
    public var maxRedirects: UInt32 = 0
    public var proxy: String?

    // TLS.
    public var tlsMinVersion: UInt32 = 0
    public var tlsRoots = Data()
    public var tlsPins: String?
    public var tlsIdentity = Data()
    public var tlsIdentityPassword: String?
    public var tlsServerName: String?

    // permessage-deflate.
    public var deflateLevel: UInt32 = 0
    public var deflateThresholdBytes: UInt32 = 0
    public var deflateClientWindowBits: UInt32 = 0
    public var deflateServerWindowBits: UInt32 = 0
    public var deflateClientNoContextTakeover: UInt32 = 0
    public var deflateServerNoContextTakeover: UInt32 = 0

    // Heartbeat.
    public var pingIntervalMs: UInt32 = 0
    public var pongTimeoutMs: UInt32 = 0
    public var probeTimeoutMs: UInt32 = 0

    // Reconnecting.
    public var retryAttempts: UInt32 = 0
    public var retryMinWaitMs: UInt32 = 0
    public var retryFirstWaitMs: UInt32 = 0
    public var retryMaxWaitMs: UInt32 = 0
    public var retryTotalMs: UInt32 = 0
    // generated: end

    /// Only in Swift: the most payload bytes that may wait for a reader of `messages`. A socket that receives more is closed
    /// with 1008, and `messages` throws `backpressure` after the waiting messages.
    public var maxUnreadBytes = 16 << 20

    public init() {}

    /// Sets all fields except `user` and the callbacks. Their pointers are valid as long as `memory` lives.
    func c(in memory: CMemory) throws(WebSocketError) -> egret_ws_options {
        var c = egret_ws_options()
        try checked(egret_ws_options_init(&c, MemoryLayout<egret_ws_options>.size))
        var retry = egret_ws_retry_options()
        try checked(egret_ws_retry_options_init(&retry, MemoryLayout<egret_ws_retry_options>.size))
        var deflate = egret_ws_deflate_options()
        try checked(egret_ws_deflate_options_init(&deflate, MemoryLayout<egret_ws_deflate_options>.size))
        c.flags = flags.rawValue
        // generated: options for C, by "make header"; do not edit
        c.connect_timeout_ms = connectTimeoutMs
        c.handshake_timeout_ms = handshakeTimeoutMs
        c.flush_timeout_ms = flushTimeoutMs
        c.close_timeout_ms = closeTimeoutMs
        c.resolve_timeout_ms = resolveTimeoutMs
        c.proxy_timeout_ms = proxyTimeoutMs
        c.tls_timeout_ms = tlsTimeoutMs
        c.open_timeout_ms = openTimeoutMs
        c.max_message_bytes = maxMessageBytes
        c.max_send_buffer_bytes = maxSendBufferBytes
        c.max_receive_queue_bytes = maxReceiveQueueBytes
        c.subprotocols = try memory.text(subprotocols)
        c.origin = try memory.text(origin)
        c.user_agent = try memory.text(userAgent)
        c.username = try memory.text(username)
        c.password = try memory.text(password)
        c.max_redirects = maxRedirects
        c.proxy = try memory.text(proxy)
        c.tls_min_version = tlsMinVersion
        c.tls_roots = memory.array(tlsRoots.map { CChar(bitPattern: $0) })
        c.tls_roots_len = tlsRoots.count
        c.tls_pins = try memory.text(tlsPins)
        c.tls_identity = memory.array(Array(tlsIdentity))
        c.tls_identity_len = tlsIdentity.count
        c.tls_identity_password = try memory.text(tlsIdentityPassword)
        c.tls_server_name = try memory.text(tlsServerName)
        deflate.level = deflateLevel
        deflate.threshold_bytes = deflateThresholdBytes
        deflate.client_window_bits = deflateClientWindowBits
        deflate.server_window_bits = deflateServerWindowBits
        deflate.client_no_context_takeover = deflateClientNoContextTakeover
        deflate.server_no_context_takeover = deflateServerNoContextTakeover
        c.ping_interval_ms = pingIntervalMs
        c.pong_timeout_ms = pongTimeoutMs
        c.probe_timeout_ms = probeTimeoutMs
        c.retry_attempts = retryAttempts
        retry.min_wait_ms = retryMinWaitMs
        retry.first_wait_ms = retryFirstWaitMs
        retry.max_wait_ms = retryMaxWaitMs
        retry.total_ms = retryTotalMs
        // generated: end
        var cHeaders: [egret_ws_header] = []
        for header in headers {
            cHeaders.append(.init(name: try memory.text(header.name), value: try memory.text(header.value)))
        }
        c.headers = memory.array(cHeaders)
        c.header_count = UInt32(clamping: cHeaders.count)
        c.retry = memory.array([retry])
        c.deflate = memory.array([deflate])
        return c
    }
}

/// Copies for pointers of C. They live as long as this object.
final class CMemory {
    private var blocks: [UnsafeMutableRawPointer] = []

    /// A text with a NUL at its end; nil for nil. Refuses a text with a NUL inside, because C would end it there.
    func text(_ text: String?) throws(WebSocketError) -> UnsafePointer<CChar>? {
        guard let text else { return nil }
        var bytes = text.utf8.map { CChar(bitPattern: $0) }
        if bytes.contains(0) { throw WebSocketError(.invalidArgument) }
        bytes.append(0)
        return array(bytes)
    }

    /// nil for an empty array.
    func array<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element>? {
        if elements.isEmpty { return nil }
        let copy = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        copy.initialize(from: elements, count: elements.count)
        blocks.append(UnsafeMutableRawPointer(copy))
        return UnsafePointer(copy)
    }

    deinit { blocks.forEach { $0.deallocate() } }
}
