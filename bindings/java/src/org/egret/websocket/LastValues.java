package org.egret.websocket;

/** The values that the getters of a socket return after the library has freed it. */
final class LastValues {
    /** The values of a socket whose loop was closed while it was made. */
    static final LastValues EMPTY = new LastValues(WebSocketStats.NONE, 0, "", "", "", "");

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
        WebSocketStats stats = WebSocketStats.of(handle);
        if (stats == null) return null;
        int generation = Native.generation(handle);
        String subprotocol = Native.subprotocol(handle);
        String extensions = Native.extensions(handle);
        String headers = Native.responseHeaders(handle);
        String address = Native.remoteAddress(handle);
        if (generation < 0 || subprotocol == null || extensions == null || headers == null || address == null) return null;
        return new LastValues(stats, generation, subprotocol, extensions, headers, address);
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
