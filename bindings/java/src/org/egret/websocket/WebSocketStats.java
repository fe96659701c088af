package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/**
 * What a socket has measured. Times are those of the last connection made or tried, and 0 for a stage that was not reached or not
 * needed; counts are of all its connections together.
 */
public final class WebSocketStats {
    /** The HTTP status that the server answered with, 101 if it agreed; 0: no answer yet. */
    public final int httpStatus;
    /** {@link WebSocketOptions#TLS_1_2} or {@link WebSocketOptions#TLS_1_3}; 0 without TLS. */
    public final int tlsVersion;
    /** Redirects that were followed. */
    public final int redirects;
    /** Connections made so far. */
    public final int connections;
    /** Tries to reconnect that were begun so far. */
    public final int retries;
    /** Microseconds of the name look-up. */
    public final long resolveMicros;
    /** Microseconds of TCP. */
    public final long connectMicros;
    /** Microseconds that the proxy took. */
    public final long proxyMicros;
    /** Microseconds of the TLS handshake. */
    public final long tlsMicros;
    /** Microseconds of the HTTP upgrade. */
    public final long handshakeMicros;
    /** Messages handed to the operating system whole. */
    public final long messagesSent;
    /** Their payload bytes. */
    public final long bytesSent;
    /** Bytes written, frame headers counted, after compression, before TLS. */
    public final long wireBytesSent;
    /** Messages received. */
    public final long messagesReceived;
    /** Their payload bytes. */
    public final long bytesReceived;
    /** Bytes read, as {@link #wireBytesSent} counts. */
    public final long wireBytesReceived;
    /** Bytes that wait to be written. */
    public final long sendQueueBytes;
    /** The most that ever waited. */
    public final long sendQueuePeakBytes;
    /** Bytes that wait to be dispatched. */
    public final long receiveQueueBytes;
    /** The most that ever waited. */
    public final long receiveQueuePeakBytes;
    /** Microseconds from the last ping that was answered to its pong; 0: none was. */
    public final long rttMicros;
    /** The same, smoothed as TCP does. */
    public final long rttSmoothedMicros;
    /** The address that won, such as {@code 192.0.2.1:443}; the proxy's if there is one; empty as long as none has. */
    public final @NotNull String address;

    /** The number of values, in the order of {@code jni/socket.c}. */
    static final int COUNT = 22;

    WebSocketStats(long[] values, String address) {
        int i = 0;
        httpStatus = (int) values[i++];
        tlsVersion = (int) values[i++];
        redirects = (int) values[i++];
        connections = (int) values[i++];
        retries = (int) values[i++];
        resolveMicros = values[i++];
        connectMicros = values[i++];
        proxyMicros = values[i++];
        tlsMicros = values[i++];
        handshakeMicros = values[i++];
        messagesSent = values[i++];
        bytesSent = values[i++];
        wireBytesSent = values[i++];
        messagesReceived = values[i++];
        bytesReceived = values[i++];
        wireBytesReceived = values[i++];
        sendQueueBytes = values[i++];
        sendQueuePeakBytes = values[i++];
        receiveQueueBytes = values[i++];
        receiveQueuePeakBytes = values[i++];
        rttMicros = values[i++];
        rttSmoothedMicros = values[i++];
        this.address = address;
    }
}
