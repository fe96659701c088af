package org.egret.websocket;

/**
 * The statistics of a socket. Times are those of the last connection or attempt, and 0 for a stage that was not reached or not
 * needed. Counts are sums over all connections of the socket.
 */
public final class WebSocketStats {
    /** The values of a socket that was not connected. */
    static final WebSocketStats NONE = new WebSocketStats(new long[WebSocketStats.COUNT]);

    /** In the order of {@code jni/socket.c}. */
    private final long[] values;

    private WebSocketStats(long[] values) {
        this.values = values;
    }

    /** Returns the current values; null if the socket was freed. */
    static WebSocketStats of(long handle) {
        long[] values = new long[COUNT];
        return Native.stats(handle, values) ? new WebSocketStats(values) : null;
    }

    // generated: statistics, by "make header"; do not edit
    private static final int COUNT = 24;

    /**
     * The HTTP status of the server's answer. It is 101 if the server accepted the upgrade, and 0 if there is
     * no answer yet.
     */
    public int getHttpStatus() {
        return (int) values[0];
    }

    /**
     * The version of TLS, {@link WebSocketOptions#TLS_1_2} or {@link WebSocketOptions#TLS_1_3}. It is 0 without
     * TLS, or if the server has not chosen a version.
     */
    public int getTlsVersion() {
        return (int) values[1];
    }

    /** The number of redirects that were followed. */
    public int getRedirects() {
        return (int) values[2];
    }

    /** Microseconds of the name look-up, until its first usable address. */
    public long getResolveMicros() {
        return values[3];
    }

    /** Microseconds of TCP, for all addresses that were tried. */
    public long getConnectMicros() {
        return values[4];
    }

    /**
     * Microseconds until the proxy's answer. The times of {@link ProxyHook#onProxy} and of TLS to the proxy are
     * included.
     */
    public long getProxyMicros() {
        return values[5];
    }

    /**
     * Microseconds of the TLS handshake. If the trusted roots were not read before, the time to read them is
     * included.
     */
    public long getTlsMicros() {
        return values[6];
    }

    /** Microseconds of the HTTP upgrade. */
    public long getHandshakeMicros() {
        return values[7];
    }

    /**
     * Connections that were made so far. {@link WebSocket#getGeneration} returns for how many of them
     * {@link WebSocketListener#onConnect} was called.
     */
    public int getConnections() {
        return (int) values[8];
    }

    /** The number of attempts to reconnect that have begun so far. */
    public int getRetries() {
        return (int) values[9];
    }

    /**
     * Messages that were completely passed to the operating system. This count and the counts below include all
     * connections of the socket.
     */
    public long getMessagesSent() {
        return values[10];
    }

    /** Payload bytes of {@link #getMessagesSent}. */
    public long getBytesSent() {
        return values[11];
    }

    /** Bytes written, after compression and before TLS. Frame headers and control frames are included. */
    public long getWireBytesSent() {
        return values[12];
    }

    /** Messages received. */
    public long getMessagesReceived() {
        return values[13];
    }

    /** Payload bytes of {@link #getMessagesReceived}. */
    public long getBytesReceived() {
        return values[14];
    }

    /** Bytes read, counted as in {@link #getWireBytesSent}. */
    public long getWireBytesReceived() {
        return values[15];
    }

    /** Bytes that wait to be written, counted as in {@link WebSocketOptions.Builder#maxSendBufferBytes}. */
    public long getSendQueueBytes() {
        return values[16];
    }

    /** The largest value of {@link #getSendQueueBytes} so far. */
    public long getSendQueuePeakBytes() {
        return values[17];
    }

    /** Bytes that wait to be dispatched, counted as in {@link WebSocketOptions.Builder#maxReceiveQueueBytes}. */
    public long getReceiveQueueBytes() {
        return values[18];
    }

    /** The largest value of {@link #getReceiveQueueBytes} so far. */
    public long getReceiveQueuePeakBytes() {
        return values[19];
    }

    /** Microseconds from the last answered ping to its pong. It is 0 if no ping was answered. */
    public long getRttMicros() {
        return values[20];
    }

    /** Microseconds of the round trip, smoothed as in TCP (RFC 6298: each new value counts an eighth). */
    public long getRttSmoothedMicros() {
        return values[21];
    }

    /**
     * 1 if TLS resumed an earlier session, without an exchange of certificates. It is 0 if not, or without TLS.
     */
    public int getTlsResumed() {
        return (int) values[22];
    }

    /** The number of addresses that were tried. {@link WebSocket#getTriedAddresses} lists them. */
    public int getAddressesTried() {
        return (int) values[23];
    }
    // generated: end
}
