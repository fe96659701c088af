package org.egret.websocket;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * The TLS of the platform ({@code javax.net.ssl}), for the {@code wss} connections of a loop and those to {@code https://} proxies: see
 * {@link LoopOptions.Builder#tls}. Without options it trusts what the platform trusts; on Android these are also the authorities of the
 * user, as the Network Security Config of the app says. The options of a socket hold besides.
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
         * A context of the program. The library sets the names, the versions and ALPN of each connection, and keeps sessions of
         * different options and destinations apart, by numbers above the port that its managers may see. A connect with
         * {@code tlsRoots}, {@code onlyTheseRoots}, {@code tlsIdentity} or {@code acceptAnyCertificate} is refused with
         * {@link ErrorCode#UNSUPPORTED}. Not together with the other options. Default: none.
         */
        public @NotNull Builder context(@Nullable SSLContext context) {
            this.context = context;
            return this;
        }

        /**
         * Checks the certificates of servers, instead of the platform's trust manager. The name of the server is checked besides,
         * by the rules of the platform (an {@code X509ExtendedTrustManager} does that itself). {@code tlsRoots} add to it;
         * {@code onlyTheseRoots} and {@code acceptAnyCertificate} replace it. It is called on threads of this loop, several at the same time, and may block:
         * only the connection waits, for at most its {@code tlsTimeoutMillis}. If it throws, the connection fails. Default: the
         * platform's.
         */
        public @NotNull Builder trustManager(@Nullable X509TrustManager manager) {
            trustManager = manager;
            return this;
        }

        /**
         * Finds the certificate of this side when a server asks for one, for example in Android's {@code KeyChain}. It is asked for each
         * server of the loop, also for an {@code https://} proxy and for the target of a redirect to another host: a manager for some
         * hosts only compares {@code SSLEngine.getPeerHost}. (The port is the lower 16 bits of {@code getPeerPort}.) The option
         * {@code tlsIdentity} of a socket replaces it for the host of its URL. It may block, as the trust manager. Default: none.
         */
        public @NotNull Builder keyManager(@Nullable X509KeyManager manager) {
            keyManager = manager;
            return this;
        }

        /** The options. Throws an {@link IllegalArgumentException} for a context together with managers. */
        public @NotNull PlatformTls build() {
            if (context != null && (trustManager != null || keyManager != null))
                throw new IllegalArgumentException("context: it has its own managers; give it or them");
            return new PlatformTls(this);
        }
    }
}
