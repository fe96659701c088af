package org.egret.websocket;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;

/**
 * Parts of {@code javax.net.ssl} that old platforms do not have. The classes are compiled for Java 8 and for Android 5
 * (API 21), so these parts are looked up by their names, once.
 */
final class TlsPlatform {
    static final boolean IS_ANDROID = "Dalvik".equals(System.getProperty("java.vm.name"));
    /** {@code X509ExtendedTrustManager} needs Java 7 or Android 7 (API 24). */
    static final boolean HAS_EXTENDED_TRUST = hasClass("javax.net.ssl.X509ExtendedTrustManager");
    /** ALPN needs Java 9, Java 8u252 or Android 10 (API 29). */
    private static final Method SET_PROTOCOLS = method(SSLParameters.class, "setApplicationProtocols", String[].class);
    private static final Method GET_PROTOCOL = method(SSLEngine.class, "getApplicationProtocol");
    /** Java 8, Android 7 (API 24). */
    private static final Method SET_SERVER_NAMES = method(SSLParameters.class, "setServerNames", List.class);
    /** Java 7, Android 7 (API 24). */
    private static final Method SET_IDENTIFICATION =
            method(SSLParameters.class, "setEndpointIdentificationAlgorithm", String.class);

    /** Java 7, Android 7 (API 24). */
    private static final Method GET_HANDSHAKE_SESSION = method(SSLEngine.class, "getHandshakeSession");

    static final boolean HAS_ALPN = SET_PROTOCOLS != null && GET_PROTOCOL != null;

    private TlsPlatform() {}

    static void setAlpn(SSLParameters parameters, String protocol) {
        if (HAS_ALPN) call(SET_PROTOCOLS, parameters, (Object) new String[] {protocol});
    }

    /** Returns the protocol that the server has selected; null if it has selected none. */
    static String alpn(SSLEngine engine) {
        String selected = HAS_ALPN ? (String) call(GET_PROTOCOL, engine) : null;
        return selected == null || selected.isEmpty() ? null : selected;
    }

    /** Makes the engine send the name for SNI, even if it has no dot. If the method is missing, the engine sends its own host. */
    static void setServerName(SSLParameters parameters, String name) {
        if (SET_SERVER_NAMES == null) return;
        Object sent;
        try {
            sent = new SNIHostName(name);
        } catch (IllegalArgumentException notForHosts) { // for example, the name has an underscore
            if (IS_ANDROID) return; // Android sends the host of the engine, and accepts no other class of names
            sent = new TlsOtherName(name);
        }
        call(SET_SERVER_NAMES, parameters, Collections.singletonList(sent));
    }

    /** Makes the platform compare the name with the certificate. If the method is missing, only {@link TlsNames} compares it. */
    static void checkServerName(SSLParameters parameters) {
        if (SET_IDENTIFICATION != null) call(SET_IDENTIFICATION, parameters, "HTTPS");
    }

    /** Returns the session of a running handshake; null: not known. */
    static SSLSession handshakeSession(SSLEngine engine) {
        return GET_HANDSHAKE_SESSION == null ? null : (SSLSession) call(GET_HANDSHAKE_SESSION, engine);
    }

    /**
     * Returns whether {@link TlsNames} must compare names with certificates. Android compares them only in its own trust
     * managers, and before API 24 not at all.
     */
    static boolean verifiesNames() {
        return IS_ANDROID || SET_IDENTIFICATION == null;
    }

    /** Android's engines have memory outside the heap, which is freed when both directions are closed. */
    static boolean isEngineFreedByClosing() {
        return IS_ANDROID;
    }

    private static boolean hasClass(String name) {
        try {
            Class.forName(name);
            return true;
        } catch (ClassNotFoundException missing) {
            return false;
        }
    }

    private static Method method(Class<?> type, String name, Class<?>... parameters) {
        try {
            return type.getMethod(name, parameters);
        } catch (NoSuchMethodException missing) {
            return null;
        }
    }

    private static Object call(Method method, Object on, Object... arguments) {
        try {
            return method.invoke(on, arguments);
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof RuntimeException) throw (RuntimeException) thrown.getCause();
            throw new IllegalStateException(thrown.getCause());
        } catch (IllegalAccessException impossible) {
            throw new IllegalStateException(impossible); // the methods are public
        }
    }
}
