package org.egret.websocket;

import java.time.Duration;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * Options of a socket. An option that is not set, or a number that is 0, means the default. {@code egret_ws.h} documents each
 * option. {@link WebSocketLoop#connect} refuses values outside their range. One object can be used for any number of sockets.
 */
public final class WebSocketOptions extends Options {
    // generated: constants, by "make header"; do not edit
    /** TLS 1.2, for {@link WebSocketOptions.Builder#tlsMinVersion} and in the statistics. */
    public static final int TLS_1_2 = 771;
    /**
     * TLS 1.3, for {@link WebSocketOptions.Builder#tlsMinVersion} and in the statistics. Secure Transport, the
     * TLS of Apple's systems, does not support it.
     */
    public static final int TLS_1_3 = 772;
    // generated: end

    /** All numbers, in the order of {@code jni/connect.c}. */
    final int[] allNumbers;
    private final RetryOptions retry;
    private final DeflateOptions deflate;
    final RequestHook requestHook;
    final boolean directMessages;
    final boolean traceFrames;
    /** In the order of {@code jni/connect.c}. */
    final String[] texts;
    /** Name, value, name, value, ... */
    final String[] headers;
    final byte[] tlsRoots;
    final byte[] tlsIdentity;

    private WebSocketOptions(Builder builder) {
        super(builder);
        retry = builder.retry;
        deflate = builder.deflate;
        allNumbers = Arrays.copyOf(numbers, COUNT + RetryOptions.COUNT + DeflateOptions.COUNT);
        if (retry != null) System.arraycopy(retry.numbers, 0, allNumbers, COUNT, RetryOptions.COUNT);
        if (deflate != null) System.arraycopy(deflate.numbers, 0, allNumbers, COUNT + RetryOptions.COUNT, DeflateOptions.COUNT);
        requestHook = builder.requestHook;
        directMessages = builder.directMessages;
        traceFrames = builder.traceFrames;
        texts = builder.texts.clone();
        headers = builder.headers.toArray(new String[0]);
        tlsRoots = builder.tlsRoots;
        tlsIdentity = builder.tlsIdentity;
    }

    /** A builder that begins with these options. */
    public @NotNull Builder toBuilder() {
        Builder builder = new Builder();
        builder.copy(this);
        builder.retry = retry;
        builder.deflate = deflate;
        builder.requestHook = requestHook;
        builder.directMessages = directMessages;
        builder.traceFrames = traceFrames;
        System.arraycopy(texts, 0, builder.texts, 0, texts.length);
        builder.headers.addAll(Arrays.asList(headers));
        builder.tlsRoots = tlsRoots;
        builder.tlsIdentity = tlsIdentity;
        return builder;
    }

    // generated: getters, by "make header"; do not edit
    static final int COUNT = 19;
    static final int TEXTS = 12;

    /** See {@link Builder#connectTimeoutMillis}. */
    public long getConnectTimeoutMillis() {
        return number(0);
    }

    /** See {@link Builder#handshakeTimeoutMillis}. */
    public long getHandshakeTimeoutMillis() {
        return number(1);
    }

    /** See {@link Builder#flushTimeoutMillis}. */
    public long getFlushTimeoutMillis() {
        return number(2);
    }

    /** See {@link Builder#closeTimeoutMillis}. */
    public long getCloseTimeoutMillis() {
        return number(3);
    }

    /** See {@link Builder#resolveTimeoutMillis}. */
    public long getResolveTimeoutMillis() {
        return number(4);
    }

    /** See {@link Builder#proxyTimeoutMillis}. */
    public long getProxyTimeoutMillis() {
        return number(5);
    }

    /** See {@link Builder#tlsTimeoutMillis}. */
    public long getTlsTimeoutMillis() {
        return number(6);
    }

    /** See {@link Builder#openTimeoutMillis}. */
    public long getOpenTimeoutMillis() {
        return number(7);
    }

    /** See {@link Builder#maxMessageBytes}. */
    public long getMaxMessageBytes() {
        return number(8);
    }

    /** See {@link Builder#maxSendBufferBytes}. */
    public long getMaxSendBufferBytes() {
        return number(9);
    }

    /** See {@link Builder#maxReceiveQueueBytes}. */
    public long getMaxReceiveQueueBytes() {
        return number(10);
    }

    /** See {@link Builder#maxRefusalBodyBytes}. */
    public long getMaxRefusalBodyBytes() {
        return number(11);
    }

    /** See {@link Builder#maxRedirects}. */
    public long getMaxRedirects() {
        return number(12);
    }

    /** See {@link Builder#tlsMinVersion}. */
    public long getTlsMinVersion() {
        return number(13);
    }

    /** See {@link Builder#attemptDelayMillis}. */
    public long getAttemptDelayMillis() {
        return number(14);
    }

    /** See {@link Builder#pingIntervalMillis}. */
    public long getPingIntervalMillis() {
        return number(15);
    }

    /** See {@link Builder#pongTimeoutMillis}. */
    public long getPongTimeoutMillis() {
        return number(16);
    }

    /** See {@link Builder#probeTimeoutMillis}. */
    public long getProbeTimeoutMillis() {
        return number(17);
    }

    /** See {@link Builder#retryAttempts}. */
    public long getRetryAttempts() {
        return number(18);
    }

    /** See {@link Builder#subprotocols}. */
    public @NotNull List<String> getSubprotocols() {
        return list(0);
    }

    /** See {@link Builder#origin}. */
    public @Nullable String getOrigin() {
        return texts[1];
    }

    /** See {@link Builder#userAgent}. */
    public @Nullable String getUserAgent() {
        return texts[2];
    }

    /** See {@link Builder#username}. */
    public @Nullable String getUsername() {
        return texts[3];
    }

    /** See {@link Builder#password}. */
    public @Nullable String getPassword() {
        return texts[4];
    }

    /** See {@link Builder#proxy}. */
    public @Nullable String getProxy() {
        return texts[5];
    }

    /** See {@link Builder#tlsPins}. */
    public @NotNull List<String> getTlsPins() {
        return list(6);
    }

    /** See {@link Builder#tlsIdentityPassword}. */
    public @Nullable String getTlsIdentityPassword() {
        return texts[7];
    }

    /** See {@link Builder#tlsServerName}. */
    public @Nullable String getTlsServerName() {
        return texts[8];
    }

    /** See {@link Builder#addresses}. */
    public @NotNull List<String> getAddresses() {
        return list(9);
    }

    /** See {@link Builder#localAddress}. */
    public @Nullable String getLocalAddress() {
        return texts[10];
    }

    /** See {@link Builder#localInterface}. */
    public @Nullable String getLocalInterface() {
        return texts[11];
    }

    /** See {@link Builder#onlyTheseRoots}. */
    public boolean isOnlyTheseRoots() {
        return flag(0x1);
    }

    /** See {@link Builder#proxyFromEnvironment}. */
    public boolean isProxyFromEnvironment() {
        return flag(0x2);
    }

    /** See {@link Builder#resend}. */
    public boolean isResend() {
        return flag(0x4);
    }

    /** See {@link Builder#disableDeflate}. */
    public boolean isDisableDeflate() {
        return flag(0x8);
    }

    /** See {@link Builder#disableAlpn}. */
    public boolean isDisableAlpn() {
        return flag(0x10);
    }

    /** See {@link Builder#disableTlsResumption}. */
    public boolean isDisableTlsResumption() {
        return flag(0x20);
    }

    /** See {@link Builder#secureRedirectsOnly}. */
    public boolean isSecureRedirectsOnly() {
        return flag(0x40);
    }

    /** See {@link Builder#acceptAnyCertificate}. */
    public boolean isAcceptAnyCertificate() {
        return flag(0x1000000);
    }

    /** See {@link Builder#allowPrivateRedirects}. */
    public boolean isAllowPrivateRedirects() {
        return flag(0x2000000);
    }
    // generated: end

    /** See {@link Builder#retry}. */
    public @Nullable RetryOptions getRetry() {
        return retry;
    }

    /** See {@link Builder#deflate}. */
    public @Nullable DeflateOptions getDeflate() {
        return deflate;
    }

    /** Returns the headers that were added, in order. */
    public @NotNull List<Map.Entry<String, String>> getHeaders() {
        List<Map.Entry<String, String>> entries = new ArrayList<>();
        for (int i = 0; i < headers.length; i += 2)
            entries.add(new AbstractMap.SimpleImmutableEntry<>(headers[i], headers[i + 1]));
        return Collections.unmodifiableList(entries);
    }

    /** See {@link Builder#tlsRoots}. */
    public @Nullable byte[] getTlsRoots() {
        return tlsRoots == null ? null : tlsRoots.clone();
    }

    /** See {@link Builder#tlsIdentity}. */
    public @Nullable byte[] getTlsIdentity() {
        return tlsIdentity == null ? null : tlsIdentity.clone();
    }

    /** See {@link Builder#requestHook}. */
    public @Nullable RequestHook getRequestHook() {
        return requestHook;
    }

    /** See {@link Builder#directMessages}. */
    public boolean isDirectMessages() {
        return directMessages;
    }

    /** See {@link Builder#traceFrames}. */
    public boolean isTraceFrames() {
        return traceFrames;
    }

    private List<String> list(int index) {
        if (texts[index] == null) return Collections.emptyList();
        return Collections.unmodifiableList(Arrays.asList(texts[index].split(", ")));
    }

    /** Collects options. Times are in milliseconds. */
    public static final class Builder extends Values {
        private RetryOptions retry;
        private DeflateOptions deflate;
        private RequestHook requestHook;
        private boolean directMessages;
        private boolean traceFrames;
        private final String[] texts = new String[TEXTS];
        private final List<String> headers = new ArrayList<>();
        private byte[] tlsRoots;
        private byte[] tlsIdentity;

        /** A builder without options. */
        public Builder() {
            super(COUNT);
        }

        // generated: options, by "make header"; do not edit
        /**
         * The longest time in milliseconds for the name look-up and TCP together. Default: 15000.
         * {@link Options#UNLIMITED} means no limit.
         */
        public @NotNull Builder connectTimeoutMillis(long millis) {
            return number(0, "connectTimeoutMillis", millis, UNLIMITED);
        }

        /** As {@link #connectTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder connectTimeout(@NotNull Duration time) {
            return connectTimeoutMillis(millis("connectTimeout", time));
        }

        /**
         * The longest time in milliseconds for the HTTP upgrade. The time begins when the request can be sent.
         * Default: 10000. {@link Options#UNLIMITED} means no limit.
         */
        public @NotNull Builder handshakeTimeoutMillis(long millis) {
            return number(1, "handshakeTimeoutMillis", millis, UNLIMITED);
        }

        /** As {@link #handshakeTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder handshakeTimeout(@NotNull Duration time) {
            return handshakeTimeoutMillis(millis("handshakeTimeout", time));
        }

        /**
         * The longest time in milliseconds without progress while a closing socket writes accepted messages and
         * then its Close frame. The time counts from the last progress, so a slow upload is not cut. Progress means
         * that the operating system takes 4 KiB, or all bytes that are left. With TLS, a record of up to 16 KiB
         * counts when all of it is taken. No ping is sent during this time. When this time has passed, the socket
         * ends with {@link ErrorCode#TIMEOUT} in {@link CloseInfo.Phase#FLUSH}. Default: 10000.
         * {@link Options#AT_ONCE} means that messages are dropped if the network does not take them at once.
         * {@link Options#UNLIMITED} means no limit.
         */
        public @NotNull Builder flushTimeoutMillis(long millis) {
            return number(2, "flushTimeoutMillis", millis, UNLIMITED, AT_ONCE);
        }

        /** As {@link #flushTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder flushTimeout(@NotNull Duration time) {
            return flushTimeoutMillis(millis("flushTimeout", time));
        }

        /**
         * The longest time in milliseconds of the closing handshake. The time begins when the Close frame of this
         * side was passed to the operating system, and lasts until the end of the connection. When this time has
         * passed, the socket ends with {@link ErrorCode#TIMEOUT} in {@link CloseInfo.Phase#CLOSING}. Default: 5000.
         * {@link Options#AT_ONCE} means that the connection ends as soon as the Close frame is written. If the
         * server's Close frame has not come by then, the error is also {@link ErrorCode#TIMEOUT}.
         * {@link Options#UNLIMITED} means no limit.
         */
        public @NotNull Builder closeTimeoutMillis(long millis) {
            return number(3, "closeTimeoutMillis", millis, UNLIMITED, AT_ONCE);
        }

        /** As {@link #closeTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder closeTimeout(@NotNull Duration time) {
            return closeTimeoutMillis(millis("closeTimeout", time));
        }

        /**
         * The longest time in milliseconds for the name look-up. Default: {@link #connectTimeoutMillis}.
         * {@link Options#UNLIMITED} means no limit.
         */
        public @NotNull Builder resolveTimeoutMillis(long millis) {
            return number(4, "resolveTimeoutMillis", millis, UNLIMITED);
        }

        /** As {@link #resolveTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder resolveTimeout(@NotNull Duration time) {
            return resolveTimeoutMillis(millis("resolveTimeout", time));
        }

        /**
         * The longest time in milliseconds for the proxy's answer. With an {@code https://} proxy the TLS handshake
         * before it is included. This option is also the longest time for the answer to {@link ProxyHook#onProxy}.
         * Default: 10000. {@link Options#UNLIMITED} means no limit.
         */
        public @NotNull Builder proxyTimeoutMillis(long millis) {
            return number(5, "proxyTimeoutMillis", millis, UNLIMITED);
        }

        /** As {@link #proxyTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder proxyTimeout(@NotNull Duration time) {
            return proxyTimeoutMillis(millis("proxyTimeout", time));
        }

        /**
         * The longest time in milliseconds for the TLS handshake. Default: 10000. {@link Options#UNLIMITED} means
         * no limit.
         */
        public @NotNull Builder tlsTimeoutMillis(long millis) {
            return number(6, "tlsTimeoutMillis", millis, UNLIMITED);
        }

        /** As {@link #tlsTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder tlsTimeout(@NotNull Duration time) {
            return tlsTimeoutMillis(millis("tlsTimeout", time));
        }

        /**
         * The longest time in milliseconds for all stages together, redirects included. Default: 60000. The wait
         * for {@link RequestHook#onRequest} before these stages has the same limit, but is counted separately.
         * {@link Options#UNLIMITED} means no limit.
         */
        public @NotNull Builder openTimeoutMillis(long millis) {
            return number(7, "openTimeoutMillis", millis, UNLIMITED);
        }

        /** As {@link #openTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder openTimeout(@NotNull Duration time) {
            return openTimeoutMillis(millis("openTimeout", time));
        }

        /**
         * The largest payload of a message in bytes, sent or received, at most {@link WebSocket#MAX_MESSAGE_BYTES}.
         * Default: 131072.
         */
        public @NotNull Builder maxMessageBytes(long bytes) {
            return number(8, "maxMessageBytes", bytes);
        }

        /**
         * The limit of the send queue: the largest number of bytes that may wait to be written. Frame headers are
         * counted. A send that would exceed this limit returns {@link ErrorCode#BACKPRESSURE}. The limit must be at
         * least {@link #maxMessageBytes} + 14. Default: 1 MiB.
         */
        public @NotNull Builder maxSendBufferBytes(long bytes) {
            return number(9, "maxSendBufferBytes", bytes);
        }

        /**
         * The limit of the receive queue: the library stops reading this socket when this number of bytes waits to
         * be dispatched. TCP then slows the server down. The library reads again when polls have taken half of the
         * bytes. Each message, and each pong for {@link WebSocketListener#onPong}, counts 32 bytes more than its
         * payload. The queue may exceed the limit by one message, and by 64 KiB that were read and not decoded.
         * Default: 1 MiB.
         */
        public @NotNull Builder maxReceiveQueueBytes(long bytes) {
            return number(10, "maxReceiveQueueBytes", bytes);
        }

        /**
         * The largest part of the body of a refusal that is kept for {@link WebSocket#getResponseBody}, in bytes,
         * at most 131072. The close report comes when the body or this part of it has been read. It also comes when
         * no byte of the body has been received for a second. (This happens if the server keeps the connection open
         * and marks the end of the body neither by {@code Content-Length} nor by chunks.) At the latest it comes at
         * the end of {@link #handshakeTimeoutMillis} (with a proxy: {@link #proxyTimeoutMillis}). Default: 16384.
         * {@link Options#AT_ONCE} means that no body is read.
         */
        public @NotNull Builder maxRefusalBodyBytes(long bytes) {
            return number(11, "maxRefusalBodyBytes", bytes, AT_ONCE);
        }

        /**
         * The largest number of redirects (HTTP 301, 302, 303, 307, 308) to follow, at most 20. Default: none. Each
         * attempt to connect begins again at the URL of the connect call or of {@link RequestHook#onRequest}. A
         * redirect from {@code wss} to {@code ws} is never followed. A redirect to another origin is followed only
         * without {@link #subprotocols}, which often carry a token. A redirect to a nearer address, such as a
         * private one, is followed only with {@link #allowPrivateRedirects}. A {@code Location} has at most 8192
         * bytes. A fragment, a user name and a password in it are ignored. At another origin (scheme, host, port)
         * the restrictions hold and the permissions do not. {@link #tlsPins}, {@link #tlsMinVersion}, and
         * {@link #onlyTheseRoots} with its {@link #tlsRoots} hold there too. {@link #acceptAnyCertificate},
         * {@link #tlsRoots} without {@link #onlyTheseRoots}, and {@link #tlsServerName} do not hold there. They
         * hold again if a redirect leads back to the first origin. {@link #header}, {@link #username} and
         * {@link #tlsIdentity} are for the first origin only. After a redirect to another origin they are not sent
         * again.
         */
        public @NotNull Builder maxRedirects(long count) {
            return number(12, "maxRedirects", count);
        }

        /**
         * With {@code wss}: the lowest version of TLS, {@link WebSocketOptions#TLS_1_2} or
         * {@link WebSocketOptions#TLS_1_3}. Default: 1.2. Secure Transport, the TLS of Apple's systems, has no TLS
         * 1.3. There {@link WebSocketOptions#TLS_1_3} ends the connection with {@link ErrorCode#TLS_OPTIONS},
         * unless the loop has a TLS provider or the library was built with OpenSSL (see the README of the Swift
         * binding).
         */
        public @NotNull Builder tlsMinVersion(long version) {
            return number(13, "tlsMinVersion", version);
        }

        /**
         * The time in milliseconds between two attempts to connect to different addresses of a server (RFC 8305
         * section 5), 10 to 2000. Default: 250. {@link Options#AT_ONCE} means that all addresses are tried at the
         * same time.
         */
        public @NotNull Builder attemptDelayMillis(long millis) {
            return number(14, "attemptDelayMillis", millis, AT_ONCE);
        }

        /** As {@link #attemptDelayMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder attemptDelay(@NotNull Duration time) {
            return attemptDelayMillis(millis("attemptDelay", time));
        }

        /**
         * Heartbeat: after this many milliseconds without any received data a ping (RFC 6455 section 5.5.2) is
         * sent. The heartbeat detects a lost connection. It also prevents routers on the path from dropping an idle
         * connection. Mobile networks drop an idle connection after half a minute, most proxies after one minute;
         * the default is shorter. Idle sockets share wake-ups, so a ping may be sent early. When a time limit of
         * any socket has woken the loop, each ping that is due within a second (or within an eighth of this
         * interval, if that is less) is sent at once. Default: 20000. {@link Options#UNLIMITED} means that there
         * are no pings except those of {@link WebSocket#ping}, {@link WebSocketLoop#resume} and
         * {@link WebSocketLoop#networkChanged}.
         */
        public @NotNull Builder pingIntervalMillis(long millis) {
            return number(15, "pingIntervalMillis", millis, UNLIMITED);
        }

        /** As {@link #pingIntervalMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder pingInterval(@NotNull Duration time) {
            return pingIntervalMillis(millis("pingInterval", time));
        }

        /**
         * Heartbeat: the time in milliseconds after a ping within which at least one byte must be received.
         * Otherwise the connection ends with {@link ErrorCode#TIMEOUT} in {@link CloseInfo.Phase#OPEN}. While the
         * ping waits behind queued bytes, the connection also counts as alive when the network takes some of these
         * bytes. While the receive queue is full, no answer is expected. The default is longer than the delay that
         * a phone's radio may have in a crowded cell. (On systems with such an option, TCP also ends the connection
         * if the server has acknowledged nothing for four times the sum of {@link #pingIntervalMillis} and this
         * time.) Default: 10000. {@link Options#UNLIMITED} means no time-out, for servers that do not answer pings.
         */
        public @NotNull Builder pongTimeoutMillis(long millis) {
            return number(16, "pongTimeoutMillis", millis, UNLIMITED);
        }

        /** As {@link #pongTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder pongTimeout(@NotNull Duration time) {
            return pongTimeoutMillis(millis("pongTimeout", time));
        }

        /**
         * Heartbeat: like {@link #pongTimeoutMillis}, but for the ping after {@link WebSocketLoop#resume} and
         * {@link WebSocketLoop#networkChanged}, when the connection is probably lost. Default: 3000, or
         * {@link #pongTimeoutMillis} if that is less. {@link Options#UNLIMITED} means the time of
         * {@link #pongTimeoutMillis}. The option has no effect if {@link #pongTimeoutMillis} is
         * {@link Options#UNLIMITED}.
         */
        public @NotNull Builder probeTimeoutMillis(long millis) {
            return number(17, "probeTimeoutMillis", millis, UNLIMITED);
        }

        /** As {@link #probeTimeoutMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder probeTimeout(@NotNull Duration time) {
            return probeTimeoutMillis(millis("probeTimeout", time));
        }

        /**
         * Reconnecting: the largest number of attempts in a row when a connection is lost or cannot be made. The
         * count starts again from 0 when a connection has been open for 10 seconds. Default: none.
         * {@link Options#UNLIMITED} means no limit. There is no attempt after a close of this side, or if an
         * attempt would be of no use: the table at {@link CloseInfo#isRetryable} lists these cases. After the HTTP
         * statuses 401, 403, 404, 407 and 410 there is an attempt only if {@link RequestHook#onRequest} is set and
         * allows it. There is an attempt after most closes by the server, also after 1000: close the socket in
         * {@link WebSocketListener#onRetry} if you do not want that.
         */
        public @NotNull Builder retryAttempts(long count) {
            return number(18, "retryAttempts", count, UNLIMITED);
        }

        /**
         * The subprotocols from which the server may choose (RFC 6455 section 1.9), in the order of preference. It
         * is a list of at most 128 tokens, at most 8192 bytes. Default: none. If the server chooses none of them,
         * the handshake fails, as in a browser. {@link WebSocket#getSubprotocol} returns the chosen one. A socket
         * with subprotocols does not follow redirects to another origin.
         */
        public @NotNull Builder subprotocols(@NotNull List<String> list) {
            return text(0, "subprotocols", joined("subprotocols", list));
        }

        /** As {@link #subprotocols(List)}. */
        public @NotNull Builder subprotocols(@NotNull String... list) {
            return subprotocols(Arrays.asList(list));
        }

        /**
         * The {@code Origin} header (RFC 6455 section 10.2), such as {@code https://example.com}, at most 8192
         * bytes. Default: none, as usual outside of browsers.
         */
        public @NotNull Builder origin(@Nullable String text) {
            return text(1, "origin", text);
        }

        /**
         * The {@code User-Agent} header, at most 8192 bytes. Default: {@code egret-ws/} and the version. An empty
         * text means no such header.
         */
        public @NotNull Builder userAgent(@Nullable String text) {
            return text(2, "userAgent", text);
        }

        /**
         * The user name for basic authentication (RFC 7617) at the server, at most 8192 bytes. Default: the user
         * name of the URL, if it has one. After a redirect, another origin does not get it.
         */
        public @NotNull Builder username(@Nullable String text) {
            return text(3, "username", text);
        }

        /**
         * The password of {@link #username}, at most 8192 bytes. It is refused without a {@link #username}.
         * Default: an empty password.
         */
        public @NotNull Builder password(@Nullable String text) {
            return text(4, "password", text);
        }

        /**
         * The proxy to connect through: {@code http://host:port} (with CONNECT), {@code https://host:port} (with
         * CONNECT, and TLS to the proxy) or {@code socks5://host:port}. If the proxy requires a user name, write
         * {@code user:password@} before the host. This URL is a text of at most 8192 bytes. Default: the proxy of
         * {@link #proxyFromEnvironment} if that flag is set, or else the proxy of {@link ProxyHook#onProxy} if that
         * hook is set, or else no proxy. An empty text always means no proxy. The proxy resolves the server's name.
         * Basic is the only authentication that is supported at an HTTP proxy. If a proxy requires NTLM, Negotiate
         * or Digest, the connection ends with {@link ErrorCode#PROXY}, and the message names these methods. The
         * certificate of an {@code https://} proxy is always checked. It must be valid for the host of the proxy's
         * URL. The trusted authorities and {@link #tlsMinVersion} are those of the socket. {@link #tlsPins},
         * {@link #tlsIdentity}, {@link #tlsServerName} and {@link #acceptAnyCertificate} are for the server only.
         * If the check of the proxy's certificate fails, the error is that of a server's certificate, in
         * {@link CloseInfo.Phase#PROXY}.
         */
        public @NotNull Builder proxy(@Nullable String text) {
            return text(5, "proxy", text);
        }

        /**
         * With {@code wss}: the public keys that the server's certificate may have. It is a list of at most 64
         * pins, at most 8192 bytes. A pin is {@code sha256/} and the base64 of the SHA-256 of the
         * SubjectPublicKeyInfo (RFC 7469 section 2.4). One of the pins must match, so list the next key in addition
         * to the present key. The key is checked after the certificate and before the request is sent. It is also
         * checked before the certificate of {@link #tlsIdentity} is sent, except with the TLS of Apple's systems
         * and of Windows. Default: none.
         */
        public @NotNull Builder tlsPins(@NotNull List<String> list) {
            return text(6, "tlsPins", joined("tlsPins", list));
        }

        /** As {@link #tlsPins(List)}. */
        public @NotNull Builder tlsPins(@NotNull String... list) {
            return tlsPins(Arrays.asList(list));
        }

        /** The password of {@link #tlsIdentity}, at most 8192 bytes. Default: an empty password. */
        public @NotNull Builder tlsIdentityPassword(@Nullable String text) {
            return text(7, "tlsIdentityPassword", text);
        }

        /**
         * With {@code wss}: the name to send in the handshake (SNI) and to require in the certificate, instead of
         * the URL's host. It is a name or an IP address, at most 253 bytes. Default: the URL's host. After a
         * redirect it is not used for another origin.
         */
        public @NotNull Builder tlsServerName(@Nullable String text) {
            return text(8, "tlsServerName", text);
        }

        /**
         * The addresses of the server, instead of a look-up of its name. It is a list of at most 16 IP addresses
         * ({@code 192.0.2.1, 192.0.2.1:8443, 2001:db8::1, [2001:db8::1]:8443}), each with or without a port, at
         * most 8192 bytes. The option is for HTTPDNS, DNS over HTTPS and edges of a CDN. The addresses are tried in
         * this order. The next address is tried after {@link #attemptDelayMillis}, or as soon as an attempt fails.
         * If an address has no port, the port of the URL is used. SNI, the certificate check, the {@code Host}
         * header and the origin stay those of the URL. A redirect to another origin does not use the addresses. If
         * both {@link #addresses} and {@link #proxy} are set, the connect call refuses them. A proxy that
         * {@link #proxyFromEnvironment} or {@link ProxyHook#onProxy} has found looks the name up itself. Default:
         * the name is looked up.
         */
        public @NotNull Builder addresses(@NotNull List<String> list) {
            return text(9, "addresses", joined("addresses", list));
        }

        /** As {@link #addresses(List)}. */
        public @NotNull Builder addresses(@NotNull String... list) {
            return addresses(Arrays.asList(list));
        }

        /**
         * The local IP address of the TCP connection: an address of this machine without a port, at most 45 bytes.
         * Connections to server addresses of the other family fail. Default: the system chooses.
         */
        public @NotNull Builder localAddress(@Nullable String text) {
            return text(10, "localAddress", text);
        }

        /**
         * The network interface of the TCP connection, such as {@code wlan0}, at most 64 bytes. It sets
         * {@code SO_BINDTODEVICE} on Linux and Android, and {@code IP_BOUND_IF} on Apple's systems. On other
         * systems it is refused with {@link ErrorCode#UNSUPPORTED}. Default: the system chooses.
         */
        public @NotNull Builder localInterface(@Nullable String text) {
            return text(11, "localInterface", text);
        }

        /**
         * With {@code wss}, only the certificates of {@link #tlsRoots} are trusted. {@link #tlsRoots} must not be
         * empty.
         */
        public @NotNull Builder onlyTheseRoots(boolean on) {
            return flag(0x1, on);
        }

        /**
         * If {@link #proxy} is null, the connect call reads the proxy from the environment. It reads
         * {@code https_proxy} for {@code wss}, or {@code http_proxy} for {@code ws}. If that variable is not set,
         * it reads {@code all_proxy}. For the hosts in {@code no_proxy} no proxy is used. Each name is read in
         * lower case first, then in upper case. {@code HTTP_PROXY} is not read if {@code REQUEST_METHOD} is set,
         * because in a CGI program the client sets {@code HTTP_PROXY}. A process with more rights than its user
         * (setuid, setgid) does not read these variables. Loopback hosts never use a proxy. A proxy that cannot be
         * used, and a {@code no_proxy} of more than 65536 bytes, are refused with
         * {@link ErrorCode#INVALID_ARGUMENT}.
         */
        public @NotNull Builder proxyFromEnvironment(boolean on) {
            return flag(0x2, on);
        }

        /**
         * Messages are kept when a connection is lost and made again. Messages that were accepted, but not
         * completely passed to the operating system, are sent first on the next connection. (Messages that were
         * passed to the operating system may be lost too. Only an answer of the server can confirm them.) Without
         * this flag such messages are dropped, and {@link WebSocketListener#onRetry} reports their number.
         */
        public @NotNull Builder resend(boolean on) {
            return flag(0x4, on);
        }

        /** Permessage-deflate (RFC 7692) is not offered. Without this flag it is offered, as browsers do. */
        public @NotNull Builder disableDeflate(boolean on) {
            return flag(0x8, on);
        }

        /**
         * With {@code wss}, the protocol {@code http/1.1} is not offered by ALPN (RFC 7301). Without this flag it
         * is offered, as browsers do. If the server selects another protocol, the handshake fails with
         * {@link ErrorCode#TLS}. A server without ALPN is accepted. The flag has no effect with {@code ws}.
         */
        public @NotNull Builder disableAlpn(boolean on) {
            return flag(0x10, on);
        }

        /**
         * With {@code wss}, TLS sessions are neither kept nor resumed (RFC 8446 section 2.2). Each connection makes
         * a full handshake. Without this flag a connection may resume a session of an earlier connection of the
         * loop that had the same host, port and TLS options. Such a session is resumed only if its certificate was
         * checked at most a day ago and has not expired. Each session is used for one connection. With the TLS of
         * Windows and of Apple's systems every connection makes a full handshake.
         */
        public @NotNull Builder disableTlsResumption(boolean on) {
            return flag(0x20, on);
        }

        /**
         * A redirect to a {@code ws} URL, which has no TLS, is not followed. It ends the connection with
         * {@link ErrorCode#REDIRECT}. (A redirect from {@code wss} to {@code ws} is never followed.)
         */
        public @NotNull Builder secureRedirectsOnly(boolean on) {
            return flag(0x40, on);
        }

        /**
         * With {@code wss}, any certificate is accepted: an expired one, one for another host, or one of an unknown
         * issuer. **This weakens security.** Use it only for tests with your own server, because anyone on the
         * network path can read and change all data. Each such connection logs a warning. {@link #tlsPins} are
         * still checked. After a redirect the flag does not apply to another origin.
         */
        public @NotNull Builder acceptAnyCertificate(boolean on) {
            return flag(0x1000000, on);
        }

        /**
         * A redirect may lead to an address that is nearer than the address of the server that sent the redirect. A
         * nearer address is a private, link-local or loopback address after a public one, or a loopback address
         * after a private one. **This weakens security.** Without this flag such a redirect ends with
         * {@link ErrorCode#REDIRECT} in {@link CloseInfo.Phase#CONNECT}, because the server could make this machine
         * connect to services that trust its network. The addresses are checked after the look-up. A proxy looks
         * names up itself. With a proxy, the library therefore checks only a host that is an address or
         * {@code localhost}, and the phase is {@link CloseInfo.Phase#PROXY}.
         */
        public @NotNull Builder allowPrivateRedirects(boolean on) {
            return flag(0x2000000, on);
        }
        // generated: end

        /** The waits of reconnecting. Default: those of an empty {@link RetryOptions}. */
        public @NotNull Builder retry(@Nullable RetryOptions options) {
            retry = options;
            return this;
        }

        /** The settings of permessage-deflate. Default: those of an empty {@link DeflateOptions}. */
        public @NotNull Builder deflate(@Nullable DeflateOptions options) {
            deflate = options;
            return this;
        }

        /** Adds a header to the request, such as {@code Authorization}. */
        public @NotNull Builder header(@NotNull String name, @NotNull String value) {
            if (name == null || value == null) throw new NullPointerException("header");
            headers.add(withoutNul("header", name));
            headers.add(withoutNul("header", value));
            return this;
        }

        /** Certificates of authorities to trust in addition to the system's, in PEM. Null and an empty array are refused. */
        public @NotNull Builder tlsRoots(@NotNull byte[] pem) {
            tlsRoots = content("tlsRoots", pem);
            return this;
        }

        /** The client certificate and its key, in PKCS#12. Null and an empty array are refused. */
        public @NotNull Builder tlsIdentity(@NotNull byte[] pkcs12) {
            tlsIdentity = content("tlsIdentity", pkcs12);
            return this;
        }

        /** An empty file would be no option, which is a fault in the program. */
        private static byte[] content(String name, byte[] bytes) {
            if (bytes == null) throw new NullPointerException(name);
            if (bytes.length == 0) throw new IllegalArgumentException(name + " is empty");
            return bytes.clone();
        }

        /**
         * Called before each attempt to connect, including the first one. Then an attempt begins only when the loop is polled.
         * Default: none.
         */
        public @NotNull Builder requestHook(@Nullable RequestHook hook) {
            requestHook = hook;
            return this;
        }

        /** Delivers binary messages in one reused buffer, instead of a new array for each message. */
        public @NotNull Builder directMessages(boolean on) {
            directMessages = on;
            return this;
        }

        /** Calls {@link WebSocketListener#onFrame} for each frame, to trace a connection. Default: nothing is recorded. */
        public @NotNull Builder traceFrames(boolean on) {
            traceFrames = on;
            return this;
        }

        /** Returns the options. */
        public @NotNull WebSocketOptions build() {
            return new WebSocketOptions(this);
        }

        private Builder number(int index, String name, long value, long... also) {
            putNumber(index, name, value, also);
            return this;
        }

        private Builder text(int index, String name, String value) {
            texts[index] = withoutNul(name, value);
            return this;
        }

        private Builder flag(int bit, boolean on) {
            putFlag(bit, on);
            return this;
        }
    }
}
