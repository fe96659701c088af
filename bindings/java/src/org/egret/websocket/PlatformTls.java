package org.egret.websocket;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * The TLS of the platform ({@code javax.net.ssl}), for the {@code wss} connections of a loop and those to {@code https://}
 * proxies. See {@link LoopOptions.Builder#tls}. Without options, it trusts the platform's authorities; on Android also those of
 * the user, if the Network Security Config of the app allows it. The options of a socket also apply.
 */
public final class PlatformTls {
    /** Without options. */
    static final PlatformTls DEFAULT = new Builder().build();

    final SSLContext context;
    final X509TrustManager trustManager;
    final KeyManager[] keyManagers;

    private PlatformTls(Builder builder) {
        context = builder.context;
        trustManager = builder.trustManager;
        keyManagers = builder.keyManager == null ? null : new KeyManager[] {builder.keyManager};
    }

    /** See {@link Builder#context}. */
    public @Nullable SSLContext getContext() {
        return context;
    }

    /** See {@link Builder#trustManager}. */
    public @Nullable X509TrustManager getTrustManager() {
        return trustManager;
    }

    /** See {@link Builder#keyManager}. */
    public @Nullable X509KeyManager getKeyManager() {
        return keyManagers == null ? null : (X509KeyManager) keyManagers[0];
    }

    /** Collects options. */
    public static final class Builder {
        private SSLContext context;
        private X509TrustManager trustManager;
        private X509KeyManager keyManager;

        /** A builder without options. */
        public Builder() {}

        /**
         * Uses a context of the program. The library sets the names, the versions and ALPN of each connection. It separates
         * sessions of different options and destinations by a number in the upper bits of the port, which the managers of the
         * context may see. A connect with {@code tlsRoots}, {@code onlyTheseRoots}, {@code tlsIdentity} or
         * {@code acceptAnyCertificate} is refused with {@link ErrorCode#UNSUPPORTED}. It cannot be combined with the other options.
         * Default: none.
         */
        public @NotNull Builder context(@Nullable SSLContext context) {
            this.context = context;
            return this;
        }

        /**
         * Checks the certificates of servers, instead of the platform's trust manager. The name of the server is also checked,
         * by the rules of the platform (an {@code X509ExtendedTrustManager} does this itself). {@code tlsRoots} are trusted in
         * addition; {@code onlyTheseRoots} and {@code acceptAnyCertificate} replace it. It is called on threads of this loop,
         * several at the same time, and may block: only the connection waits, for at most its {@code tlsTimeoutMillis}. If it
         * throws, the connection fails. Default: the platform's trust manager.
         */
        public @NotNull Builder trustManager(@Nullable X509TrustManager manager) {
            trustManager = manager;
            return this;
        }

        /**
         * Finds the client certificate when a server requests one, for example in Android's {@code KeyChain}. It is called for each
         * server of the loop, including an {@code https://} proxy and the target of a redirect to another host. A manager for
         * certain hosts must compare {@code SSLEngine.getPeerHost}. (The port is the lower 16 bits of {@code getPeerPort}.) The
         * option {@code tlsIdentity} of a socket replaces it for the host of its URL. It may block, like the trust manager.
         * Default: none.
         */
        public @NotNull Builder keyManager(@Nullable X509KeyManager manager) {
            keyManager = manager;
            return this;
        }

        /** Returns the options. Throws an {@link IllegalArgumentException} for a context together with managers. */
        public @NotNull PlatformTls build() {
            if (context != null && (trustManager != null || keyManager != null))
                throw new IllegalArgumentException("context: it has its own managers; set either a context or managers");
            return new PlatformTls(this);
        }
    }
}
