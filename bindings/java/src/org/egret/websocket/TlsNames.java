package org.egret.websocket;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * Compares the name of a server with its certificate (RFC 9525) if the platform does not. The default {@code HostnameVerifier} of
 * {@code HttpsURLConnection} is not used, because each part of an app can replace it for all others.
 */
final class TlsNames {
    /** Types of names in {@code X509Certificate.getSubjectAlternativeNames}. */
    private static final int DNS_NAME = 2;
    private static final int ADDRESS = 7;

    private TlsNames() {}

    /** Returns whether the certificate is for this DNS name in ASCII, or this IP address without brackets. */
    static boolean matches(String name, X509Certificate certificate) {
        Collection<List<?>> names;
        try {
            names = certificate.getSubjectAlternativeNames();
        } catch (CertificateParsingException unreadable) {
            return false;
        }
        if (names == null) return false;
        if (name.isEmpty()) return false;
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

    /** A wildcard is the whole first label, matches one label, and is followed by a domain of at least two labels. */
    private static boolean isMatch(String name, String pattern) {
        if (!pattern.startsWith("*.")) return !name.isEmpty() && name.equals(pattern);
        String domain = pattern.substring(1);
        int dot = name.indexOf('.');
        return dot > 0 && domain.indexOf('*') < 0 && domain.indexOf('.', 1) > 1 && name.substring(dot).equals(domain);
    }

    /** Compares addresses by their bytes, because platforms write one IPv6 address in different ways. */
    private static boolean isEqualAddress(String name, String value) {
        if (!isAddress(name) || !isAddress(value)) return false; // because Java would look up a name
        try {
            return InetAddress.getByName(name).equals(InetAddress.getByName(value));
        } catch (UnknownHostException unreadable) {
            return false;
        }
    }

    /** Returns true for an IPv4 address of four decimal numbers, and for a text that Java accepts only as an IPv6 address. */
    private static boolean isAddress(String text) {
        boolean isIpv6 = text.indexOf(':') >= 0;
        for (int i = 0; i < text.length(); i++)
            if ((isIpv6 ? "0123456789abcdefABCDEF:." : "0123456789.").indexOf(text.charAt(i)) < 0) return false;
        if (isIpv6) return true;
        String[] numbers = text.split("\\.", -1);
        for (String number : numbers) {
            boolean isDecimal = !number.isEmpty() && number.length() <= 3 && (number.length() == 1 || number.charAt(0) != '0');
            if (!isDecimal || Integer.parseInt(number) > 255) return false;
        }
        return numbers.length == 4;
    }
}
