import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;

/** Compares Java's constants with those of the header. */
class ConstantsTest {
    /** Classes by the prefix of the name in the header; the longest matching prefix counts. */
    private static final Map<String, Class<?>> HOMES = Map.of("ERR_", ErrorCode.class, "OK", ErrorCode.class, "STATE_",
            WebSocket.class, "MAX_MESSAGE_BYTES", WebSocket.class, "MAX_PENDING_SOCKETS", WebSocket.class,
            "PHASE_", CloseInfo.class, "INITIATOR_", CloseInfo.class, "LOG_", LoopOptions.class, "TLS_", WebSocketOptions.class);
    /** Java has methods for these, which another test compares, or types instead of C's kinds and versions. */
    private static final Set<String> OTHERWISE = new HashSet<>(List.of("INSECURE", "ONLY_THESE_ROOTS",
            "PROXY_FROM_ENVIRONMENT", "NO_DEFLATE", "CLIENT_NO_CONTEXT_TAKEOVER", "SERVER_NO_CONTEXT_TAKEOVER", "RESEND",
            "NO_ALPN", "REDIRECT_TO_PRIVATE", "LOOP_INLINE", "LOOP_CLOSE_ON_SUSPEND", "TEXT", "BINARY", "VERSION_NUMBER"));

    @Test
    void everyConstantOfTheHeaderExists() throws Exception {
        String header = new String(Files.readAllBytes(Paths.get(System.getProperty("header"))), "UTF-8");
        Matcher define = Pattern.compile("#define EGRET_WS_(\\w+) \\(?(-?\\d+)\\)?\\n").matcher(header);
        int compared = 0;
        while (define.find()) {
            String name = define.group(1);
            if (OTHERWISE.remove(name)) continue;
            Map.Entry<String, Class<?>> home =
                    HOMES.entrySet().stream().filter(one -> name.startsWith(one.getKey())).findFirst().orElse(null);
            assertTrue(home != null, name + " has no place in Java");
            String field = name.replaceFirst("^ERR_", "");
            assertEquals(Integer.parseInt(define.group(2)), home.getValue().getField(field).getInt(null), name);
            if (name.startsWith("ERR_"))
                assertEquals("EGRET_WS_" + name, ErrorCode.name(Integer.parseInt(define.group(2))));
            compared++;
        }
        assertTrue(compared > 40);
        assertEquals(Set.of(), OTHERWISE);
    }
}
