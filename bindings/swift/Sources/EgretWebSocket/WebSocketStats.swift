// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

/// What a socket has measured: `egret_ws_stats`. Times are in microseconds.
public struct WebSocketStats: Sendable {
    public let httpStatus: UInt32
    public let tlsVersion: UInt32
    public let redirects: UInt32
    public let resolveUs, connectUs, proxyUs, tlsUs, handshakeUs: UInt64
    /// The address that won, such as `192.0.2.1:443`.
    public let address: String
    public let connections: UInt32
    public let retries: UInt32
    public let messagesSent, bytesSent, wireBytesSent: UInt64
    public let messagesReceived, bytesReceived, wireBytesReceived: UInt64
    public let sendQueueBytes, sendQueuePeakBytes: UInt64
    public let receiveQueueBytes, receiveQueuePeakBytes: UInt64
    /// 0: no ping was answered yet.
    public let rttUs, rttSmoothedUs: UInt64

    init(_ c: egret_ws_stats) {
        httpStatus = c.http_status
        tlsVersion = c.tls_version
        redirects = c.redirects
        resolveUs = c.resolve_us
        connectUs = c.connect_us
        proxyUs = c.proxy_us
        tlsUs = c.tls_us
        handshakeUs = c.handshake_us
        address = withUnsafeBytes(of: c.address) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        connections = c.connections
        retries = c.retries
        messagesSent = c.messages_sent
        bytesSent = c.bytes_sent
        wireBytesSent = c.wire_bytes_sent
        messagesReceived = c.messages_received
        bytesReceived = c.bytes_received
        wireBytesReceived = c.wire_bytes_received
        sendQueueBytes = c.send_queue_bytes
        sendQueuePeakBytes = c.send_queue_peak_bytes
        receiveQueueBytes = c.receive_queue_bytes
        receiveQueuePeakBytes = c.receive_queue_peak_bytes
        rttUs = c.rtt_us
        rttSmoothedUs = c.rtt_smoothed_us
    }
}
