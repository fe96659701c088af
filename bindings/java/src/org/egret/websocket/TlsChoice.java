package org.egret.websocket;

/** The TLS that a loop uses. */
final class TlsChoice {
    /** See {@link LoopOptions.Builder#tls}. */
    static final TlsChoice DEFAULT = new TlsChoice(null);
    static final TlsChoice LIBRARY = new TlsChoice(null);

    private final PlatformTls platform;

    TlsChoice(PlatformTls platform) {
        this.platform = platform;
    }

    /** Returns the platform's TLS, or null for the library's. */
    PlatformTls of() {
        boolean isPlatform = this == DEFAULT && (TlsPlatform.IS_ANDROID || !Library.HAS_TLS);
        return isPlatform ? PlatformTls.DEFAULT : platform;
    }

    /** Checked once, and not on Android. */
    private static final class Library {
        static final boolean HAS_TLS = Native.hasTls();
    }
}
