package org.egret.websocket;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** The values that the getters of a socket return after the library has freed it. */
final class LastValues {
    /** Numbers of texts, in the order of {@code jni/socket.c}. */
    static final int SUBPROTOCOL = 0;
    static final int EXTENSIONS = 1;
    static final int HEADERS = 2;
    static final int COOKIES = 3;
    static final int REMOTE_ADDRESS = 4;
    static final int LOCAL_ADDRESS = 5;
    static final int TRIED_ADDRESSES = 6;
    static final int PROXY = 7;
    static final int TLS_CIPHER = 8;
    static final int TLS_ALPN = 9;
    private static final int TEXTS = 10;

    /** The values of a socket whose loop was closed while the socket was being created. */
    static final LastValues EMPTY = new LastValues(WebSocketStats.NONE, 0, new String[TEXTS], new byte[0],
            Collections.<byte[]>emptyList());

    static {
        Arrays.fill(EMPTY.texts, "");
    }

    final WebSocketStats stats;
    final int generation;
    final String[] texts;
    final byte[] body;
    final List<byte[]> certificates;

    private LastValues(WebSocketStats stats, int generation, String[] texts, byte[] body, List<byte[]> certificates) {
        this.stats = stats;
        this.generation = generation;
        this.texts = texts;
        this.body = body;
        this.certificates = certificates;
    }

    /** Returns the current values of a socket; null if it was freed. */
    static LastValues of(long handle) {
        WebSocketStats stats = WebSocketStats.of(handle);
        if (stats == null) return null;
        int generation = Native.generation(handle);
        String[] texts = new String[TEXTS];
        for (int i = 0; i < TEXTS; i++)
            if ((texts[i] = Native.text(handle, i)) == null) return null;
        byte[] body = Native.responseBody(handle);
        List<byte[]> certificates = certificates(handle);
        // Another thread may have freed it since the first call.
        if (generation < 0 || body == null || Native.state(handle) < 0) return null;
        return new LastValues(stats, generation, texts, body, certificates);
    }

    /** Returns an empty list if the socket was freed. */
    static List<byte[]> certificates(long handle) {
        List<byte[]> found = new ArrayList<>();
        byte[] next;
        while ((next = Native.peerCertificate(handle, found.size())) != null) found.add(next);
        return found;
    }

    /** Returns the value of {@code egret_ws_response_header}; null if there is none. */
    String header(String name) {
        String found = null;
        for (String line : lines(texts[HEADERS])) {
            int colon = line.indexOf(": ");
            if (colon != name.length() || !line.regionMatches(true, 0, name, 0, colon)) continue;
            String value = line.substring(colon + 2);
            found = found == null ? value : found + ", " + value;
        }
        return found;
    }

    /** Splits a text into its lines; each line ends with a line feed. */
    static List<String> lines(String text) {
        return text.isEmpty() ? Collections.<String>emptyList() : Arrays.asList(text.split("\n"));
    }
}
