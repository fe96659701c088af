package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/**
 * The statistics of a socket. Times are those of the last connection or attempt, and 0 for a stage that was not reached or not
 * needed. Counts are the sums of all its connections.
 */
public final class WebSocketStats {
    // generated: statistics, by "make header"; do not edit
    /** The HTTP status of the server's answer, 101 if it accepted the upgrade; 0: no answer yet. */
    public final int httpStatus;
    /** The version of TLS, {@link WebSocketOptions#TLS_1_2} or {@link WebSocketOptions#TLS_1_3}; 0: no TLS. */
    public final int tlsVersion;
    /** The number of redirects that were followed. */
    public final int redirects;
    /**
     * Connections made so far. {@link WebSocket#generation} returns for how many of them
     * {@link WebSocketListener#onConnect} was called.
     */
    public final int connections;
    /** Attempts to reconnect that were begun so far. */
    public final int retries;
    /** Microseconds of the name look-up, until its first usable address. */
    public final long resolveMicros;
    /** Microseconds of TCP, for all addresses that were tried. */
    public final long connectMicros;
    /** Microseconds until the proxy's answer. */
    public final long proxyMicros;
    /** Microseconds of the TLS handshake, and of reading the trusted roots if they were not read before. */
    public final long tlsMicros;
    /** Microseconds of the HTTP upgrade. */
    public final long handshakeMicros;
    /**
     * Messages that were completely passed to the operating system. This count and those below are of all
     * connections together.
     */
    public final long messagesSent;
    /** Payload bytes of {@link #messagesSent}. */
    public final long bytesSent;
    /** Bytes written, with frame headers and control frames, after compression, before TLS. */
    public final long wireBytesSent;
    /** Messages received. */
    public final long messagesReceived;
    /** Payload bytes of {@link #messagesReceived}. */
    public final long bytesReceived;
    /** Bytes read, as {@link #wireBytesSent} counts. */
    public final long wireBytesReceived;
    /** Bytes that wait to be written, as {@link WebSocketOptions.Builder#maxSendBufferBytes} counts. */
    public final long sendQueueBytes;
    /** The largest value of {@link #sendQueueBytes} so far. */
    public final long sendQueuePeakBytes;
    /** Bytes that wait to be dispatched, as {@link WebSocketOptions.Builder#maxReceiveQueueBytes} counts. */
    public final long receiveQueueBytes;
    /** The largest value of {@link #receiveQueueBytes} so far. */
    public final long receiveQueuePeakBytes;
    /** Microseconds from the last answered ping to its pong; 0: no ping was answered. */
    public final long rttMicros;
    /** The round trip, smoothed as in TCP (RFC 6298: an eighth of each new value). */
    public final long rttSmoothedMicros;
    // generated: end

    // generated: statistics from C, by "make header"; do not edit
    /** The number of values, in the order of {@code jni/socket.c}. */
    static final int COUNT = 22;

    WebSocketStats(long[] values) {
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
    }
    // generated: end
}
