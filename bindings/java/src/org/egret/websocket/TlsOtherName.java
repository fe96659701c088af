package org.egret.websocket;

import java.nio.charset.StandardCharsets;
import javax.net.ssl.SNIServerName;

/** A name for SNI that {@code SNIHostName} refuses. It is a separate class, because an old Android cannot load it. */
final class TlsOtherName extends SNIServerName {
    private static final int HOST_NAME = 0;

    TlsOtherName(String name) {
        super(HOST_NAME, name.getBytes(StandardCharsets.US_ASCII));
    }
}
