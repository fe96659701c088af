package org.egret.websocket;

import java.util.ArrayList;
import java.util.List;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * Options of a socket. An option that is not set, or a number that is 0, has its default. {@code egret_ws.h} documents each option.
 * {@link WebSocketLoop#connect} refuses values that are out of range. One object can be used for any number of sockets.
 */
public final class WebSocketOptions {
    /** For the numbers whose documentation names it. */
    public static final int NO_LIMIT = -1;
    /** For a number: no wait at all. */
    public static final int AT_ONCE = -2;
    // generated: constants, by "make header"; do not edit
    /** TLS 1.2, for {@link WebSocketOptions.Builder#tlsMinVersion}, and in the statistics. */
    public static final int TLS_1_2 = 771;
    /** TLS 1.3, for {@link WebSocketOptions.Builder#tlsMinVersion}, and in the statistics. */
    public static final int TLS_1_3 = 772;
    // generated: end

    final int flags;
    final boolean directMessages;
    /** Numbers in the order of {@code jni/connect.c}. The texts have its order too. */
    final int[] numbers;
    final String[] texts;
    /** Name, value, name, value, ... */
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

    /** Refuses a text with a NUL inside, because C would end it there. */
    static String withoutNul(String text) {
        if (text != null && text.indexOf('\0') >= 0) throw new WebSocketException(ErrorCode.INVALID_ARGUMENT);
        return text;
    }

    /** Collects options. Times are in milliseconds. */
    public static final class Builder {
        private int flags;
        private boolean directMessages;
        private final List<String> headers = new ArrayList<>();
        private byte[] tlsRoots;
        private byte[] tlsIdentity;
        // generated: options, by "make header"; do not edit
        private final int[] numbers = new int[27];
        private final String[] texts = new String[9];

        /** The longest time in milliseconds for the name look-up and TCP together. Default: 15000. */
        public @NotNull Builder connectTimeoutMillis(int millis) {
            return number(0, millis);
        }

        /**
         * The longest time in milliseconds for the HTTP upgrade, from the moment its request can be sent. Default:
         * 10000.
         */
        public @NotNull Builder handshakeTimeoutMillis(int millis) {
            return number(1, millis);
        }

        /**
         * The longest time in milliseconds without progress while a closing socket writes accepted messages and
         * then its Close frame. The time counts from the last progress, so a slow upload is not cut. Progress is 4
         * KiB that the operating system takes, or all that is left; with TLS, a record of up to 16 KiB counts when
         * all of it is taken. No ping is sent during this time. After it the socket ends with
         * {@link ErrorCode#TIMEOUT} in {@link CloseInfo#PHASE_FLUSH}. Default: 10000.
         * {@link WebSocketOptions#AT_ONCE}: messages that the network does not take at once are dropped.
         */
        public @NotNull Builder flushTimeoutMillis(int millis) {
            return number(2, millis);
        }

        /**
         * The longest time in milliseconds of the closing handshake: from the moment when the Close frame of this
         * side was passed to the operating system to the end of the connection. After it the socket ends with
         * {@link ErrorCode#TIMEOUT} in {@link CloseInfo#PHASE_CLOSING}. Default: 5000.
         * {@link WebSocketOptions#AT_ONCE}: the connection ends as soon as the Close frame is written; without the
         * peer's Close frame that is also reported as {@link ErrorCode#TIMEOUT}.
         */
        public @NotNull Builder closeTimeoutMillis(int millis) {
            return number(3, millis);
        }

        /** The longest time in milliseconds for the name look-up. Default: {@link #connectTimeoutMillis}. */
        public @NotNull Builder resolveTimeoutMillis(int millis) {
            return number(4, millis);
        }

        /** The longest time in milliseconds for the proxy's answer. Default: 10000. */
        public @NotNull Builder proxyTimeoutMillis(int millis) {
            return number(5, millis);
        }

        /** The longest time in milliseconds for the TLS handshake. Default: 10000. */
        public @NotNull Builder tlsTimeoutMillis(int millis) {
            return number(6, millis);
        }

        /**
         * The longest time in milliseconds for all stages together, redirects included. Default: 60000. The wait
         * for {@link WebSocketListener#onRequest} before them has this limit too, counted separately.
         */
        public @NotNull Builder openTimeoutMillis(int millis) {
            return number(7, millis);
        }

        /**
         * The most payload bytes of a message, sent or received, at most {@link WebSocket#MAX_MESSAGE_BYTES}.
         * Default: 131072.
         */
        public @NotNull Builder maxMessageBytes(int bytes) {
            return number(8, bytes);
        }

        /**
         * The most bytes, frame headers counted, that may wait to be written; a send that would go beyond returns
         * {@link ErrorCode#BACKPRESSURE}. At least {@link #maxMessageBytes} + 14. Default: 1 MiB.
         */
        public @NotNull Builder maxSendBufferBytes(int bytes) {
            return number(9, bytes);
        }

        /**
         * The number of bytes waiting to be dispatched (each message, and each pong for
         * {@link WebSocketListener#onPong}, counts 32 bytes more than its payload) at which the library stops
         * reading this socket, until polls have taken half of them; TCP then slows the peer down. The queue may
         * exceed the limit by one message, and by 64 KiB that were read and not decoded. Default: 1 MiB.
         */
        public @NotNull Builder maxReceiveQueueBytes(int bytes) {
            return number(10, bytes);
        }

        /**
         * How many redirects (HTTP 301, 302, 303, 307, 308) to follow, at most 20. Default: none. The library never
         * follows one from {@code wss} to {@code ws}; one to another origin only without {@link #subprotocols},
         * which often carry a token; one from a public to a private address only with
         * {@link #allowPrivateRedirects}. A {@code Location} has at most 8192 bytes; the library ignores a
         * fragment, a user name and a password in it. At another origin (scheme, host, port) the restrictions hold
         * and the permissions do not. {@link #tlsPins}, {@link #tlsMinVersion}, and {@link #onlyTheseRoots} with
         * its {@link #tlsRoots} hold there too. {@link #acceptAnyCertificate}, {@link #tlsRoots} without that flag
         * and {@link #tlsServerName} do not; they hold again where a redirect leads back to the first origin.
         * {@link #header}, {@link #username} and {@link #tlsIdentity} are for the first origin only, and are not
         * sent again after a redirect to another one.
         */
        public @NotNull Builder maxRedirects(int count) {
            return number(11, count);
        }

        /**
         * With {@code wss}: the lowest version of TLS, {@link WebSocketOptions#TLS_1_2} or
         * {@link WebSocketOptions#TLS_1_3}. Default: 1.2.
         */
        public @NotNull Builder tlsMinVersion(int version) {
            return number(12, version);
        }

        /** The level at which this side compresses, 1 (fast) to 9 (small). Default: 6. */
        public @NotNull Builder deflateLevel(int level) {
            return number(13, level);
        }

        /**
         * Messages of fewer bytes are sent without compression, and so are messages that compression does not make
         * smaller. Default: 256. {@link WebSocketOptions#AT_ONCE}: messages of any size are compressed.
         * {@link WebSocketOptions#NO_LIMIT}: no message is compressed.
         */
        public @NotNull Builder deflateThresholdBytes(int bytes) {
            return number(14, bytes);
        }

        /**
         * The largest window that this side uses to compress, as a power of two, 9 to 15; the server may ask for
         * less. The compressor needs memory of 4 times the window and 244 KiB, from the first compressed message
         * on. Default: 15.
         */
        public @NotNull Builder deflateClientWindowBits(int bits) {
            return number(15, bits);
        }

        /**
         * The largest window that the server may use, 9 to 15. A socket whose server agreed to compress needs 47
         * KiB for incoming messages, with any window. A server that accepts the offer without this limit fails the
         * handshake. Default: 15, that is no limit.
         */
        public @NotNull Builder deflateServerWindowBits(int bits) {
            return number(16, bits);
        }

        /**
         * 1: this side compresses each message by itself, without the context of the messages before, which makes
         * messages larger. The compressor keeps its memory. Default: with the context.
         */
        public @NotNull Builder deflateClientNoContextTakeover(int count) {
            return number(17, count);
        }

        /**
         * 1: the server must compress each message by itself. A server that accepts the offer without this
         * parameter fails the handshake. Default: as the server wants.
         */
        public @NotNull Builder deflateServerNoContextTakeover(int count) {
            return number(18, count);
        }

        /**
         * Heartbeat: a ping (RFC 6455 section 5.5.2) is sent when nothing has been received for this many
         * milliseconds. It detects a lost connection, and it prevents routers on the path from dropping an idle
         * connection: mobile networks do so after half a minute, most proxies after one. Hence the default.
         * Default: 20000. {@link WebSocketOptions#NO_LIMIT}: no pings but those of {@link WebSocket#ping},
         * {@link WebSocketLoop#resume} and {@link WebSocketLoop#networkChanged}.
         */
        public @NotNull Builder pingIntervalMillis(int millis) {
            return number(19, millis);
        }

        /**
         * Heartbeat: the milliseconds after a ping in which a byte must be received, else the connection ends with
         * {@link ErrorCode#TIMEOUT} in {@link CloseInfo#PHASE_OPEN}. While queued bytes are before the ping, the
         * connection also counts as alive when the network takes some of them; and while the receive queue is full,
         * no answer is expected. The default is longer than a phone's radio in a crowded cell may take. (Where the
         * system offers it, TCP itself also gives up when the peer has acknowledged nothing for four times
         * {@link #pingIntervalMillis} and this.) Default: 10000. {@link WebSocketOptions#NO_LIMIT}: no time-out,
         * for servers that do not answer pings.
         */
        public @NotNull Builder pongTimeoutMillis(int millis) {
            return number(20, millis);
        }

        /**
         * Heartbeat: as {@link #pongTimeoutMillis}, for the ping after {@link WebSocketLoop#resume} and
         * {@link WebSocketLoop#networkChanged}, when the connection is probably lost. Default: 3000, or
         * {@link #pongTimeoutMillis} if that is less. {@link WebSocketOptions#NO_LIMIT}: as
         * {@link #pongTimeoutMillis}. Without effect if that is {@link WebSocketOptions#NO_LIMIT}.
         */
        public @NotNull Builder probeTimeoutMillis(int millis) {
            return number(21, millis);
        }

        /**
         * Reconnecting: the most attempts in a row when a connection is lost or cannot be made. The count starts
         * again from 0 when a connection has been open for 10 seconds. Default: none.
         * {@link WebSocketOptions#NO_LIMIT}: no limit. There is no attempt after a close of this side, nor where it
         * would be of no use: the table at {@link WebSocket#isRetryable} says where. After the HTTP statuses 401,
         * 403, 404, 407 and 410 there is one only if {@link WebSocketListener#onRequest} is set and says so. There
         * is one after most closes by the server, 1000 included: close the socket in
         * {@link WebSocketListener#onRetry} if you do not want that.
         */
        public @NotNull Builder retryAttempts(int count) {
            return number(22, count);
        }

        /**
         * The shortest wait before an attempt, in milliseconds. Default: 250, or the smaller of the next two
         * options. {@link WebSocketOptions#AT_ONCE}: an attempt may begin at once.
         */
        public @NotNull Builder retryMinWaitMillis(int millis) {
            return number(23, millis);
        }

        /**
         * The longest wait before the first attempt, in milliseconds; it doubles with each further attempt. The
         * wait is random between {@link #retryMinWaitMillis} and this, so that the clients of a server do not all
         * come back at the same time. If the server sends {@code Retry-After} (RFC 9110 section 10.2.3), the wait
         * is added to it. Default: 4000, or the nearest value between the other two waits.
         * {@link WebSocketOptions#AT_ONCE}: the first attempt begins at once, as do all others, because twice
         * nothing is nothing.
         */
        public @NotNull Builder retryFirstWaitMillis(int millis) {
            return number(24, millis);
        }

        /**
         * The limit of the doubling, in milliseconds. Default: 30000, or {@link #retryFirstWaitMillis} if that is
         * more.
         */
        public @NotNull Builder retryMaxWaitMillis(int millis) {
            return number(25, millis);
        }

        /**
         * Milliseconds after the loss from which on no attempt begins. Default: 600000.
         * {@link WebSocketOptions#NO_LIMIT}: no limit.
         */
        public @NotNull Builder retryTotalMillis(int millis) {
            return number(26, millis);
        }

        /**
         * The subprotocols the server may choose from (RFC 6455 section 1.9): a comma-separated list of at most 128
         * tokens, at most 8192 bytes, in the order of preference. Default: none. A server that chooses none of them
         * fails the handshake, as in a browser. {@link WebSocket#subprotocol} returns the chosen one. A socket with
         * subprotocols does not follow redirects to another origin.
         */
        public @NotNull Builder subprotocols(@Nullable String text) {
            return text(0, text);
        }

        /**
         * The {@code Origin} header (RFC 6455 section 10.2), such as {@code https://example.com}, at most 8192
         * bytes. Default: none, as usual outside of browsers.
         */
        public @NotNull Builder origin(@Nullable String text) {
            return text(1, text);
        }

        /**
         * The {@code User-Agent} header, at most 8192 bytes. Default: {@code egret-ws/} and the version. Empty:
         * none.
         */
        public @NotNull Builder userAgent(@Nullable String text) {
            return text(2, text);
        }

        /**
         * User name for basic authentication (RFC 7617) at the server, at most 8192 bytes. Default: the user name
         * of the URL, if it has one. Redirects to another origin do not get it.
         */
        public @NotNull Builder username(@Nullable String text) {
            return text(3, text);
        }

        /**
         * The password of {@link #username}, at most 8192 bytes. It is refused without a {@link #username}.
         * Default: empty.
         */
        public @NotNull Builder password(@Nullable String text) {
            return text(4, text);
        }

        /**
         * The proxy to connect through: {@code http://host:port} (with CONNECT) or {@code socks5://host:port}, with
         * {@code user:password@} before the host if the proxy requires it, at most 8192 bytes. The proxy resolves
         * the server's name. {@code https://} is refused with {@link ErrorCode#UNSUPPORTED}. Default: none, or see
         * {@link #proxyFromEnvironment}. Empty: none, whatever the flag says.
         */
        public @NotNull Builder proxy(@Nullable String text) {
            return text(5, text);
        }

        /**
         * With {@code wss}: the public keys that the server's certificate may have, each as {@code sha256/} and the
         * base64 of the SHA-256 of its SubjectPublicKeyInfo (as RFC 7469 section 2.4 counts it): a comma-separated
         * list of at most 64 pins, at most 8192 bytes. One of them must match, so list the next key beside the
         * present key. The key is checked after the certificate and before the request is sent. It is also checked
         * before the certificate of {@link #tlsIdentity} is sent, except on Apple's systems and Windows. Default:
         * none.
         */
        public @NotNull Builder tlsPins(@Nullable String text) {
            return text(6, text);
        }

        /** The password of {@link #tlsIdentity}, at most 8192 bytes. Default: empty. */
        public @NotNull Builder tlsIdentityPassword(@Nullable String text) {
            return text(7, text);
        }

        /**
         * With {@code wss}: the name to send in the handshake (SNI), which the certificate must have, instead of
         * the URL's host; a name or an IP address, at most 253 bytes. Default: the URL's host. Redirects to another
         * origin do not use it.
         */
        public @NotNull Builder tlsServerName(@Nullable String text) {
            return text(8, text);
        }

        /** With {@code wss}, trust the certificates of {@link #tlsRoots}, which must not be empty, and no others. */
        public @NotNull Builder onlyTheseRoots(boolean on) {
            return flag(1, on);
        }

        /**
         * Without a {@link #proxy}, take it from the environment, as it is during the connect call:
         * {@code https_proxy} for {@code wss}, {@code http_proxy} for {@code ws}, else {@code all_proxy}; none for
         * the hosts of {@code no_proxy}. The names are read in lower case first, then in upper case
         * ({@code HTTP_PROXY} not where {@code REQUEST_METHOD} is set: a CGI program's is its client's). A process
         * with more rights than its user (setuid, setgid) does not read them. Loopback hosts are never proxied. A
         * proxy that cannot be used, and a {@code no_proxy} of more than 65536 bytes, are refused with
         * {@link ErrorCode#INVALID_ARGUMENT}; a proxy that needs TLS ({@code https://}) is refused with
         * {@link ErrorCode#UNSUPPORTED}.
         */
        public @NotNull Builder proxyFromEnvironment(boolean on) {
            return flag(2, on);
        }

        /**
         * When a connection is lost and made again, messages that were accepted and not completely passed to the
         * operating system are kept, and sent first on the next connection. (Messages that were passed to it may be
         * lost too; only an answer of the server can confirm them.) Without this flag they are dropped, and
         * {@link WebSocketListener#onRetry} reports their number.
         */
        public @NotNull Builder resend(boolean on) {
            return flag(4, on);
        }

        /** Do not offer permessage-deflate (RFC 7692). Without this flag it is offered, as browsers do. */
        public @NotNull Builder disableDeflate(boolean on) {
            return flag(8, on);
        }

        /**
         * With {@code wss}, do not offer the protocol {@code http/1.1} by ALPN (RFC 7301). Without this flag it is
         * offered, as browsers do. If the server selects another protocol, the handshake fails with
         * {@link ErrorCode#TLS}; a server without ALPN is accepted. The flag has no effect with {@code ws}.
         */
        public @NotNull Builder disableAlpn(boolean on) {
            return flag(16, on);
        }

        /**
         * With {@code wss}, accept any certificate: expired, of another host, of an unknown issuer. **It weakens
         * security**, and is for tests with your own server only: anyone on the network path can read and change
         * all data. Each such connection logs a warning. {@link #tlsPins} are checked nevertheless. It does not
         * hold for another origin after a redirect.
         */
        public @NotNull Builder acceptAnyCertificate(boolean on) {
            return flag(16777216, on);
        }

        /**
         * Also follow a redirect to a nearer address than that of the server that sent it: from a public address to
         * a private, link-local or loopback one, or from a private address to a loopback one. **It weakens
         * security**: without this flag such a redirect ends with {@link ErrorCode#REDIRECT} in
         * {@link CloseInfo#PHASE_CONNECT}, because the server could make this machine connect to services that
         * trust its network. The addresses are checked after the look-up. A proxy looks names up itself: with a
         * proxy, only a host that is an address or {@code localhost} is checked, and the phase is
         * {@link CloseInfo#PHASE_PROXY}.
         */
        public @NotNull Builder allowPrivateRedirects(boolean on) {
            return flag(33554432, on);
        }
        // generated: end

        /** Adds a header to the request, such as {@code Authorization}. */
        public @NotNull Builder header(@NotNull String name, @NotNull String value) {
            headers.add(withoutNul(name));
            headers.add(withoutNul(value));
            return this;
        }

        /** Certificates of authorities to trust in addition to the system's, in PEM. */
        public @NotNull Builder tlsRoots(@Nullable byte[] pem) {
            tlsRoots = pem == null ? null : pem.clone();
            return this;
        }

        /** The client certificate and its key, in PKCS#12. */
        public @NotNull Builder tlsIdentity(@Nullable byte[] pkcs12) {
            tlsIdentity = pkcs12 == null ? null : pkcs12.clone();
            return this;
        }

        /** Binary messages come in one reused buffer, instead of in a new array each. */
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
