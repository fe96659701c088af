package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/**
 * The statistics of a socket. Times are those of the last connection or attempt, and 0 for a stage that was not reached or not
 * needed. Counts are the sums of all its connections.
 */
public final class WebSocketStats {
    // generated: statistics, by "make header"; do not edit
    /** The HTTP status that the server answered with, 101 if it agreed; 0: no answer yet. */
    public final int httpStatus;
    /**
     * The version of TLS, {@link WebSocketOptions#TLS_1_2} or {@link WebSocketOptions#TLS_1_3}; 0 without TLS.
     */
    public final int tlsVersion;
    /** Redirects that were followed. */
    public final int redirects;
    /** Connections made so far. {@link WebSocket#generation} tells how many of them the host was told of. */
    public final int connections;
    /** Tries to reconnect that were begun so far. */
    public final int retries;
    /** Microseconds of the name look-up, until its first usable address. */
    public final long resolveMicros;
    /** Microseconds of TCP, all addresses that were tried. */
    public final long connectMicros;
    /** Microseconds that the proxy took. */
    public final long proxyMicros;
    /** Microseconds of the TLS handshake, reading the trusted roots included where that was not done before. */
    public final long tlsMicros;
    /** Microseconds of the HTTP upgrade. */
    public final long handshakeMicros;
    /**
     * Messages handed to the operating system whole. These and the counts below are of all connections
     * together.
     */
    public final long messagesSent;
    /** Payload bytes of {@link #messagesSent}. */
    public final long bytesSent;
    /** Bytes written, frame headers and control frames counted, after compression, before TLS. */
    public final long wireBytesSent;
    /** Messages received. */
    public final long messagesReceived;
    /** Payload bytes of {@link #messagesReceived}. */
    public final long bytesReceived;
    /** Bytes read, as {@link #wireBytesSent} counts. */
    public final long wireBytesReceived;
    /** Bytes that wait to be written, as {@link WebSocketOptions.Builder#maxSendBufferBytes} counts. */
    public final long sendQueueBytes;
    /** The most that ever waited. */
    public final long sendQueuePeakBytes;
    /** Bytes that wait to be dispatched, as {@link WebSocketOptions.Builder#maxReceiveQueueBytes} counts. */
    public final long receiveQueueBytes;
    /** The most that ever waited. */
    public final long receiveQueuePeakBytes;
    /** Microseconds from the last ping that was answered to its pong; 0: none was. */
    public final long rttMicros;
    /** The same, smoothed as TCP does (RFC 6298: an eighth of each new one). */
    public final long rttSmoothedMicros;
    /**
     * The address that won, such as {@code 192.0.2.1:443} or {@code [2001:db8::1]:443}; the proxy's, if there
     * is one. Empty as long as none has.
     */
    public final @NotNull String address;
    // generated: end

    // generated: statistics from C, by "make header"; do not edit
    /** The number of values, in the order of {@code jni/socket.c}. */
    static final int COUNT = 22;

    WebSocketStats(long[] values, String address) {
        httpStatus = (int) values[0];
        tlsVersion = (int) values[1];
        redirects = (int) values[2];
        connections = (int) values[3];
        retries = (int) values[4];
        resolveMicros = values[5];
        connectMicros = values[6];
        proxyMicros = values[7];
        tlsMicros = values[8];
        handshakeMicros = values[9];
        messagesSent = values[10];
        bytesSent = values[11];
        wireBytesSent = values[12];
        messagesReceived = values[13];
        bytesReceived = values[14];
        wireBytesReceived = values[15];
        sendQueueBytes = values[16];
        sendQueuePeakBytes = values[17];
        receiveQueueBytes = values[18];
        receiveQueuePeakBytes = values[19];
        rttMicros = values[20];
        rttSmoothedMicros = values[21];
        this.address = address;
    }
    // generated: end
}
