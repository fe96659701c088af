package org.egret.websocket;

/** The values that the getters of a socket return after the library has freed it. */
final class LastValues {
    /** The values of a socket whose loop was closed first. */
    static final LastValues EMPTY = new LastValues(new WebSocketStats(new long[WebSocketStats.COUNT]), 0, "", "", "", "");

    final WebSocketStats stats;
    final int generation;
    final String subprotocol;
    final String extensions;
    final String headers;
    final String address;

    private LastValues(WebSocketStats stats, int generation, String subprotocol, String extensions, String headers,
            String address) {
        this.stats = stats;
        this.generation = generation;
        this.subprotocol = subprotocol;
        this.extensions = extensions;
        this.headers = headers;
        this.address = address;
    }

    /** The current values of a socket; null if it was freed. */
    static LastValues of(long handle) {
        long[] values = new long[WebSocketStats.COUNT];
        if (!Native.stats(handle, values)) return null;
        int generation = Native.generation(handle);
        String subprotocol = Native.subprotocol(handle);
        String extensions = Native.extensions(handle);
        String headers = Native.responseHeaders(handle);
        String address = Native.remoteAddress(handle);
        if (generation < 0 || subprotocol == null || extensions == null || headers == null || address == null) return null;
        return new LastValues(new WebSocketStats(values), generation, subprotocol, extensions, headers, address);
    }

    /** The value that {@code egret_ws_response_header} returns; null if there is none. */
    String header(String name) {
        String found = null;
        for (String line : headers.split("\n")) {
            int colon = line.indexOf(": ");
            if (colon != name.length() || !line.regionMatches(true, 0, name, 0, colon)) continue;
            String value = line.substring(colon + 2);
            found = found == null ? value : found + ", " + value;
        }
        return found;
    }
}
