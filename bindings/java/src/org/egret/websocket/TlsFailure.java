package org.egret.websocket;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import javax.net.ssl.SSLPeerUnverifiedException;

/** The reason why TLS failed: an error of the header and the platform's text. C reads the fields. */
final class TlsFailure {
    /** The maximum number of causes of an exception that are read, because a chain may contain a loop. */
    private static final int MAX_CAUSES = 16;

    final int error;
    final String message;

    TlsFailure(ErrorCode error, String message) {
        this.error = error.number;
        this.message = message;
    }

    /** Returns a failure that is not about the server's certificate. */
    static TlsFailure of(Throwable thrown) {
        return new TlsFailure(thrown instanceof OutOfMemoryError ? ErrorCode.NO_RESOURCES : ErrorCode.TLS, text(thrown));
    }

    /**
     * Returns a failure of a handshake.
     *
     * @param isChecked whether the server's certificate was checked, so that a {@link CertificateException} is about its trust
     */
    static TlsFailure ofHandshake(Throwable thrown, boolean isChecked) {
        boolean isRefused = false;
        boolean isAnotherName = false;
        Throwable cause = thrown;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
            if (cause instanceof CertificateExpiredException || cause instanceof CertificateNotYetValidException)
                return new TlsFailure(ErrorCode.TLS_EXPIRED, text(thrown));
            boolean isAboutTrust = isChecked && cause instanceof CertificateException;
            isRefused |= isAboutTrust || isUnknownPath(cause);
            isAnotherName |= cause instanceof SSLPeerUnverifiedException || (isAboutTrust && isAboutName(cause.getMessage()));
        }
        if (isAnotherName) return new TlsFailure(ErrorCode.TLS_HOST, text(thrown));
        return isRefused ? new TlsFailure(ErrorCode.TLS_ISSUER, text(thrown)) : of(thrown);
    }

    /**
     * The platforms have no special exception for a certificate of another host. These are parts of OpenJDK's and Conscrypt's
     * texts.
     */
    private static boolean isAboutName(String message) {
        String text = message == null ? "" : message.toLowerCase(Locale.ROOT);
        return text.contains("subject alternative") || text.contains("subjectalt") || text.contains("no name matching") || text.contains("illegal given domain name")
                || (text.startsWith("hostname") && text.contains("not verified"));
    }

    private static boolean isUnknownPath(Throwable cause) {
        return cause instanceof CertPathBuilderException || cause instanceof CertPathValidatorException;
    }

    /** Returns whether the trust manager knows no authority for the certificate, so that another trust manager may know one. */
    static boolean isOfUnknownIssuer(CertificateException thrown) {
        Throwable cause = thrown;
        boolean isUnknown = false;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
            if (cause instanceof CertificateExpiredException || cause instanceof CertificateNotYetValidException) return false;
            isUnknown |= isUnknownPath(cause);
        }
        return isUnknown;
    }

    /** Returns the messages of an exception and its causes, each once: most begin or end with the message of their cause. */
    static String text(Throwable thrown) {
        StringBuilder text = new StringBuilder();
        Throwable cause = thrown;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
            String message = message(cause);
            if (cause.getCause() != null) {
                String inner = message(cause.getCause());
                if (message.endsWith(inner)) message = message.substring(0, message.length() - inner.length());
                String name = cause.getCause().getClass().getName() + ": ";
                if (message.endsWith(name)) message = message.substring(0, message.length() - name.length());
                if (message.endsWith(": ")) message = message.substring(0, message.length() - 2);
            }
            message = message.trim(); // newer versions of OpenJDK begin with the alert in brackets
            if (message.isEmpty()) continue;
            text.append(text.length() == 0 ? "" : ": ").append(message);
        }
        return text.toString();
    }

    /** Returns the message, with the class of the exception if it is not from TLS or has no message. */
    private static String message(Throwable thrown) {
        String message = thrown.getMessage();
        boolean isUnexpected = thrown instanceof RuntimeException || thrown instanceof Error;
        return message == null || message.isEmpty() || isUnexpected ? thrown.toString() : message;
    }
}
