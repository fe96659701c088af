package org.egret.websocket;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * Compares the name of a server with its certificate (RFC 9525), where the platform does not. Not by the default {@code HostnameVerifier} of
 * {@code HttpsURLConnection}: each part of an app can replace it for all others.
 */
final class TlsNames {
    /** Types of names in {@code X509Certificate.getSubjectAlternativeNames}. */
    private static final int DNS_NAME = 2;
    private static final int ADDRESS = 7;

    private TlsNames() {}

    /** Whether the certificate is for this DNS name in ASCII, or this IP address without brackets. */
    static boolean matches(String name, X509Certificate certificate) {
        Collection<List<?>> names;
        try {
            names = certificate.getSubjectAlternativeNames();
        } catch (CertificateParsingException unreadable) {
            return false;
        }
        if (names == null) return false;
        boolean isAddress = TlsContext.isAddress(name);
        for (List<?> one : names) {
            Object type = one.get(0);
            if (!(type instanceof Integer) || !(one.get(1) instanceof String)) continue;
            String value = (String) one.get(1);
            if (isAddress ? (Integer) type == ADDRESS && isEqualAddress(name, value)
                    : (Integer) type == DNS_NAME && isMatch(lower(name), lower(value)))
                return true;
        }
        return false;
    }

    private static String lower(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    /** A wildcard is the whole first label, stands for one label, and has a domain of two labels or more behind it. */
    private static boolean isMatch(String name, String pattern) {
        if (!pattern.startsWith("*.")) return !name.isEmpty() && name.equals(pattern);
        String domain = pattern.substring(1);
        int dot = name.indexOf('.');
        return dot > 0 && domain.indexOf('*') < 0 && domain.indexOf('.', 1) > 1 && name.substring(dot).equals(domain);
    }

    /** Platforms write one IPv6 address in different ways. */
    private static boolean isEqualAddress(String name, String value) {
        for (int i = 0; i < value.length(); i++)
            if ("0123456789abcdefABCDEF:.".indexOf(value.charAt(i)) < 0) return false;
        try {
            // Both are addresses, so that nothing is looked up.
            return TlsContext.isAddress(value) && InetAddress.getByName(name).equals(InetAddress.getByName(value));
        } catch (UnknownHostException unreadable) {
            return false;
        }
    }
}
