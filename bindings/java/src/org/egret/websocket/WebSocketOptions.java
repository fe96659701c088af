package org.egret.websocket;

import java.util.ArrayList;
import java.util.List;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * Options of a socket; what is not set has its default, and so has a number that is 0. {@code egret_ws.h} tells more of each.
 * Values that are out of range are refused by {@link WebSocketLoop#connect}. One object serves any number of sockets.
 */
public final class WebSocketOptions {
    /** For the numbers that say so. */
    public static final int NO_LIMIT = -1;
    /** TLS 1.2. */
    public static final int TLS_1_2 = 0x303;
    /** TLS 1.3. */
    public static final int TLS_1_3 = 0x304;

    final int flags;
    final boolean directMessages;
    /** In the order of {@code jni/connect.c}, and so are the texts. */
    final int[] numbers;
    final String[] texts;
    /** Names and values by turns. */
    final String[] headers;
    final byte[] tlsRoots;
    final byte[] tlsIdentity;

    private WebSocketOptions(Builder builder) {
        flags = builder.flags;
        directMessages = builder.directMessages;
        numbers = builder.numbers.clone();
        texts = builder.texts.clone();
        headers = builder.headers.toArray(new String[0]);
        tlsRoots = builder.tlsRoots;
        tlsIdentity = builder.tlsIdentity;
    }

    /** Refuses what C would read as a shorter text. */
    static String withoutNul(String text) {
        if (text != null && text.indexOf('\0') >= 0) throw new WebSocketException(ErrorCode.INVALID_ARGUMENT);
        return text;
    }

    /** Collects options. Times are in milliseconds. */
    public static final class Builder {
        private int flags;
        private boolean directMessages;
        private final int[] numbers = new int[24];
        private final String[] texts = new String[9];
        private final List<String> headers = new ArrayList<>();
        private byte[] tlsRoots;
        private byte[] tlsIdentity;

        /** The longest for the name look-up and TCP together. Default: 15000. */
        public @NotNull Builder connectTimeoutMillis(int millis) {
            return number(0, millis);
        }

        /** The longest for the HTTP upgrade. Default: 10000. */
        public @NotNull Builder handshakeTimeoutMillis(int millis) {
            return number(1, millis);
        }

        /** The longest from a close to the end of the connection. Default: 5000. */
        public @NotNull Builder closeTimeoutMillis(int millis) {
            return number(2, millis);
        }

        /**
         * The most payload bytes of a message, both ways, at most {@link WebSocket#MAX_MESSAGE_BYTES}, which
         * is the default.
         */
        public @NotNull Builder maxMessageBytes(int bytes) {
            return number(3, bytes);
        }

        /**
         * The most bytes that may wait to be written; beyond, sends are refused with {@link
         * ErrorCode#BACKPRESSURE}. Default: 1 MiB.
         */
        public @NotNull Builder maxSendBufferBytes(int bytes) {
            return number(4, bytes);
        }

        /** The bytes waiting to be dispatched at which the socket is read no further. Default: 1 MiB. */
        public @NotNull Builder maxReceiveQueueBytes(int bytes) {
            return number(5, bytes);
        }

        /** How many redirects to follow, at most 20. Default: 0. */
        public @NotNull Builder maxRedirects(int count) {
            return number(6, count);
        }

        /** The lowest version of TLS, {@link #TLS_1_2} (the default) or {@link #TLS_1_3}. */
        public @NotNull Builder tlsMinVersion(int version) {
            return number(7, version);
        }

        /** The longest for the name look-up. Default: that of {@link #connectTimeoutMillis}. */
        public @NotNull Builder resolveTimeoutMillis(int millis) {
            return number(8, millis);
        }

        /** The longest for the proxy's answer. Default: 10000. */
        public @NotNull Builder proxyTimeoutMillis(int millis) {
            return number(9, millis);
        }

        /** The longest for the TLS handshake. Default: 10000. */
        public @NotNull Builder tlsTimeoutMillis(int millis) {
            return number(10, millis);
        }

        /** The longest for all of it, redirects too. Default: 60000. */
        public @NotNull Builder openTimeoutMillis(int millis) {
            return number(11, millis);
        }

        /** How hard this side compresses, 1 (fast) to 9 (small). Default: 6. */
        public @NotNull Builder deflateLevel(int level) {
            return number(12, level);
        }

        /** Messages of fewer bytes are sent uncompressed. Default: 256; {@link #NO_LIMIT}: all are. */
        public @NotNull Builder deflateThresholdBytes(int bytes) {
            return number(13, bytes);
        }

        /** The largest window this side compresses with, as a power of two, 9 to 15. Default: 15. */
        public @NotNull Builder deflateClientWindowBits(int bits) {
            return number(14, bits);
        }

        /** The largest window that the server may use, 9 to 15. Default: 15, that is no limit. */
        public @NotNull Builder deflateServerWindowBits(int bits) {
            return number(15, bits);
        }

        /** Heartbeat: a ping is sent when nothing was received for so long. Default: 20000; {@link #NO_LIMIT}: none. */
        public @NotNull Builder pingIntervalMillis(int millis) {
            return number(16, millis);
        }

        /**
         * Heartbeat: how soon after a ping something must have been received. Default: 10000; {@link
         * #NO_LIMIT}: never.
         */
        public @NotNull Builder pongTimeoutMillis(int millis) {
            return number(17, millis);
        }

        /** The same after {@link WebSocketLoop#resume} and {@link WebSocketLoop#networkChanged}. Default: 3000. */
        public @NotNull Builder probeTimeoutMillis(int millis) {
            return number(18, millis);
        }

        /**
         * How many times in a row to try again when a connection is lost or cannot be made. Default: 0;
         * {@link #NO_LIMIT}.
         */
        public @NotNull Builder retryAttempts(int count) {
            return number(19, count);
        }

        /** The least to wait before a try. Default: 250. */
        public @NotNull Builder retryFloorMillis(int millis) {
            return number(20, millis);
        }

        /** The most to wait before the first try; doubled with each further one. Default: 4000. */
        public @NotNull Builder retryFirstMillis(int millis) {
            return number(21, millis);
        }

        /** What the doubling ends at. Default: 30000. */
        public @NotNull Builder retryCeilingMillis(int millis) {
            return number(22, millis);
        }

        /** How long after the loss no further try is begun. Default: 600000; {@link #NO_LIMIT}. */
        public @NotNull Builder retryTotalMillis(int millis) {
            return number(23, millis);
        }

        /** The subprotocols the server may choose from: a comma-separated list in the order of preference. */
        public @NotNull Builder subprotocols(@Nullable String list) {
            return text(0, list);
        }

        /** The {@code Origin} header. Default: none. */
        public @NotNull Builder origin(@Nullable String text) {
            return text(1, text);
        }

        /** The {@code User-Agent} header; empty: none. Default: {@code egret-ws/} and the version. */
        public @NotNull Builder userAgent(@Nullable String text) {
            return text(2, text);
        }

        /** User name for basic authentication at the server. Default: that of the URL, if it has one. */
        public @NotNull Builder username(@Nullable String text) {
            return text(3, text);
        }

        /** The password that goes with {@link #username}. */
        public @NotNull Builder password(@Nullable String text) {
            return text(4, text);
        }

        /**
         * The proxy, {@code http://host:port} or {@code socks5://host:port}, with {@code user:password@} if
         * it wants them; empty: none.
         */
        public @NotNull Builder proxy(@Nullable String url) {
            return text(5, url);
        }

        /** The keys that the server may have: a comma-separated list of {@code sha256/} and base64. One must be met. */
        public @NotNull Builder tlsPins(@Nullable String list) {
            return text(6, list);
        }

        /** The password of {@link #tlsIdentity}. */
        public @NotNull Builder tlsIdentityPassword(@Nullable String text) {
            return text(7, text);
        }

        /** The name to ask for by TLS and to check, instead of the URL's host. */
        public @NotNull Builder tlsServerName(@Nullable String text) {
            return text(8, text);
        }

        /**
         * Accept any certificate. For tests with a server of your own only: anyone on the way can read and
         * change all.
         */
        public @NotNull Builder insecure(boolean on) {
            return flag(1, on);
        }

        /** Trust the certificates of {@link #tlsRoots} and no others. */
        public @NotNull Builder onlyTheseRoots(boolean on) {
            return flag(2, on);
        }

        /** Without a {@link #proxy}, take it from the environment. */
        public @NotNull Builder proxyFromEnvironment(boolean on) {
            return flag(4, on);
        }

        /** Do without compression. Default: it is offered, as browsers do. */
        public @NotNull Builder noDeflate(boolean on) {
            return flag(8, on);
        }

        /** This side compresses each message by itself. */
        public @NotNull Builder clientNoContextTakeover(boolean on) {
            return flag(16, on);
        }

        /** The server is to compress each message by itself. */
        public @NotNull Builder serverNoContextTakeover(boolean on) {
            return flag(32, on);
        }

        /** Messages that a lost connection leaves unsent are kept, and sent first on the next one. */
        public @NotNull Builder resend(boolean on) {
            return flag(64, on);
        }

        /** A further header of the request, such as {@code Authorization}. */
        public @NotNull Builder header(@NotNull String name, @NotNull String value) {
            headers.add(withoutNul(name));
            headers.add(withoutNul(value));
            return this;
        }

        /** Certificates of authorities to trust besides the system's: PEM. */
        public @NotNull Builder tlsRoots(@Nullable byte[] pem) {
            tlsRoots = pem == null ? null : pem.clone();
            return this;
        }

        /** This side's own certificate and key: PKCS#12. */
        public @NotNull Builder tlsIdentity(@Nullable byte[] pkcs12) {
            tlsIdentity = pkcs12 == null ? null : pkcs12.clone();
            return this;
        }

        /** Binary messages come in a buffer that is used again and again, instead of an array for each. */
        public @NotNull Builder directMessages(boolean on) {
            directMessages = on;
            return this;
        }

        /** The options. */
        public @NotNull WebSocketOptions build() {
            return new WebSocketOptions(this);
        }

        private Builder number(int index, int value) {
            numbers[index] = value;
            return this;
        }

        private Builder text(int index, String value) {
            texts[index] = withoutNul(value);
            return this;
        }

        private Builder flag(int bit, boolean on) {
            flags = on ? flags | bit : flags & ~bit;
            return this;
        }
    }
}
