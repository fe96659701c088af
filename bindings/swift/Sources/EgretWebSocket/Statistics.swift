// SPDX-License-Identifier: MIT OR Apache-2.0
import CEgretWS

extension EgretWS {
    /// The statistics of a socket: `egret_ws_statistics`. Times are in microseconds.
    public struct Statistics: Sendable {
        // generated: statistics, by "make header"; do not edit
        /// The HTTP status of the server's answer. It is 101 if the server accepted the upgrade, and 0 if there is
        /// no answer yet.
        public let httpStatus: Int
        /// The version of TLS, `SocketOptions.tls12` or `SocketOptions.tls13`. It is 0 without TLS, or if the server
        /// has not chosen a version.
        public let tlsVersion: Int
        /// The number of redirects that were followed.
        public let redirects: Int
        /// Microseconds of the name look-up, until its first usable address.
        public let resolveUs: UInt64
        /// Microseconds of TCP, for all addresses that were tried.
        public let connectUs: UInt64
        /// Microseconds until the proxy's answer. The times of `on_proxy` and of TLS to the proxy are included.
        public let proxyUs: UInt64
        /// Microseconds of the TLS handshake. If the trusted roots were not read before, the time to read them is
        /// included.
        public let tlsUs: UInt64
        /// Microseconds of the HTTP upgrade.
        public let handshakeUs: UInt64
        /// Connections that were made so far. `Socket.generation` returns for how many of them `on_connect` was
        /// called.
        public let connections: Int
        /// The number of attempts to reconnect that have begun so far.
        public let retries: Int
        /// Messages that were completely passed to the operating system. This count and the counts below include all
        /// connections of the socket.
        public let messagesSent: UInt64
        /// Payload bytes of `messagesSent`.
        public let bytesSent: UInt64
        /// Bytes written, after compression and before TLS. Frame headers and control frames are included.
        public let wireBytesSent: UInt64
        /// Messages received.
        public let messagesReceived: UInt64
        /// Payload bytes of `messagesReceived`.
        public let bytesReceived: UInt64
        /// Bytes read, counted as in `wireBytesSent`.
        public let wireBytesReceived: UInt64
        /// Bytes that wait to be written, counted as in `SocketOptions.maxSendBufferBytes`.
        public let sendQueueBytes: UInt64
        /// The largest value of `sendQueueBytes` so far.
        public let sendQueuePeakBytes: UInt64
        /// Bytes that wait to be dispatched, counted as in `SocketOptions.maxReceiveQueueBytes`.
        public let receiveQueueBytes: UInt64
        /// The largest value of `receiveQueueBytes` so far.
        public let receiveQueuePeakBytes: UInt64
        /// Microseconds from the last answered ping to its pong. It is 0 if no ping was answered.
        public let rttUs: UInt64
        /// Microseconds of the round trip, smoothed as in TCP (RFC 6298: each new value counts an eighth).
        public let rttSmoothedUs: UInt64
        /// 1 if TLS resumed an earlier session, without an exchange of certificates. It is 0 if not, or without TLS.
        public let tlsResumed: Int
        /// The number of addresses that were tried. `Socket.triedAddresses` lists them.
        public let addressesTried: Int
        // generated: end

        init(_ c: egret_ws_statistics) {
            // generated: statistics from C, by "make header"; do not edit
            httpStatus = Int(c.http_status)
            tlsVersion = Int(c.tls_version)
            redirects = Int(c.redirects)
            resolveUs = c.resolve_us
            connectUs = c.connect_us
            proxyUs = c.proxy_us
            tlsUs = c.tls_us
            handshakeUs = c.handshake_us
            connections = Int(c.connections)
            retries = Int(c.retries)
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
            tlsResumed = Int(c.tls_resumed)
            addressesTried = Int(c.addresses_tried)
            // generated: end
        }
    }
}
