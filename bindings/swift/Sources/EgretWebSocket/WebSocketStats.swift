// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

/// The statistics of a socket: `egret_ws_stats`. Times are in microseconds.
public struct WebSocketStats: Sendable {
    // generated: statistics, by "make header"; do not edit
    /// The HTTP status that the server answered with, 101 if it agreed; 0: no answer yet.
    public let httpStatus: UInt32
    /// The version of TLS, `WebSocketOptions.tls12` or `WebSocketOptions.tls13`; 0 without TLS.
    public let tlsVersion: UInt32
    /// Redirects that were followed.
    public let redirects: UInt32
    /// Microseconds of the name look-up, until its first usable address.
    public let resolveUs: UInt64
    /// Microseconds of TCP, all addresses that were tried.
    public let connectUs: UInt64
    /// Microseconds that the proxy took.
    public let proxyUs: UInt64
    /// Microseconds of the TLS handshake, reading the trusted roots included where that was not done before.
    public let tlsUs: UInt64
    /// Microseconds of the HTTP upgrade.
    public let handshakeUs: UInt64
    /// The address that won, such as `192.0.2.1:443` or `[2001:db8::1]:443`; the proxy's, if there is one. Empty
    /// as long as none has.
    public let address: String
    /// Connections made so far. `WebSocket.generation` tells how many of them the host was told of.
    public let connections: UInt32
    /// Tries to reconnect that were begun so far.
    public let retries: UInt32
    /// Messages handed to the operating system whole. These and the counts below are of all connections
    /// together.
    public let messagesSent: UInt64
    /// Payload bytes of `messagesSent`.
    public let bytesSent: UInt64
    /// Bytes written, frame headers and control frames counted, after compression, before TLS.
    public let wireBytesSent: UInt64
    /// Messages received.
    public let messagesReceived: UInt64
    /// Payload bytes of `messagesReceived`.
    public let bytesReceived: UInt64
    /// Bytes read, as `wireBytesSent` counts.
    public let wireBytesReceived: UInt64
    /// Bytes that wait to be written, as `WebSocketOptions.maxSendBufferBytes` counts.
    public let sendQueueBytes: UInt64
    /// The most that ever waited.
    public let sendQueuePeakBytes: UInt64
    /// Bytes that wait to be dispatched, as `WebSocketOptions.maxReceiveQueueBytes` counts.
    public let receiveQueueBytes: UInt64
    /// The most that ever waited.
    public let receiveQueuePeakBytes: UInt64
    /// Microseconds from the last ping that was answered to its pong; 0: none was.
    public let rttUs: UInt64
    /// The same, smoothed as TCP does (RFC 6298: an eighth of each new one).
    public let rttSmoothedUs: UInt64
    // generated: end

    init(_ c: egret_ws_stats) {
        // generated: statistics from C, by "make header"; do not edit
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
        // generated: end
    }
}
