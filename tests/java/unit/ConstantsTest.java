import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.Frame;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.Options;
import org.egret.websocket.RequestHook;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;

/** Compares Java's constants with those of the header. */
class ConstantsTest {
    private static final Class<?> TLS_SESSION = internal("TlsSession");
    /** Maps the prefix of a name in the header to a class. The longest matching prefix is used. */
    private static final Map<String, Class<?>> HOMES = Map.ofEntries(Map.entry("TLS_CAN_", internal("TlsProvider")),
            Map.entry("TLS_ESTABLISHED", TLS_SESSION), Map.entry("TLS_HAS_OUTPUT", TLS_SESSION), Map.entry("TLS_PEER_CLOSED", TLS_SESSION),
            Map.entry("TLS_BUSY", TLS_SESSION), Map.entry("SECURE_REDIRECTS_ONLY", internal("Cleartext")),
            Map.entry("ERR_", ErrorCode.class),
            Map.entry("OK", ErrorCode.class), Map.entry("STATE_", WebSocket.State.class),
            Map.entry("MAX_MESSAGE_BYTES", WebSocket.class), Map.entry("MAX_PENDING_SOCKETS", WebSocket.class),
            Map.entry("PHASE_", CloseInfo.Phase.class), Map.entry("INITIATOR_", CloseInfo.Initiator.class),
            Map.entry("LOG_", LoopOptions.LogLevel.class), Map.entry("TLS_", WebSocketOptions.class),
            Map.entry("REQUEST_", RequestHook.Action.class), Map.entry("FRAME_", Frame.Kind.class),
            Map.entry("UNLIMITED", Options.class), Map.entry("AT_ONCE", Options.class));
    /** Java has methods for these constants, which another test compares, or types instead of C's kinds and versions. */
    private static final Set<String> OTHERWISE = new HashSet<>(List.of("ONLY_THESE_ROOTS", "PROXY_FROM_ENVIRONMENT", "RESEND",
            "DISABLE_DEFLATE", "DISABLE_ALPN", "DISABLE_TLS_RESUMPTION", "ACCEPT_ANY_CERTIFICATE", "ALLOW_PRIVATE_REDIRECTS",
            "LOOP_INLINE", "LOOP_CLOSE_ON_SUSPEND", "LOOP_FORGET_TLS_SESSIONS", "TEXT", "BINARY", "FRAME_FIN", "FRAME_COMPRESSED",
            "VERSION_NUMBER", "TLS_MESSAGE_BYTES"));

    private static Class<?> internal(String name) {
        try {
            return Class.forName("org.egret.websocket." + name);
        } catch (ClassNotFoundException missing) {
            throw new AssertionError(missing);
        }
    }

    /** The number of an enum's constant, or of a static field. */
    private static long numberOf(Class<?> home, String name) throws Exception {
        Field field = home.getDeclaredField(name);
        field.setAccessible(true);
        Object constant = field.get(null);
        if (!(constant instanceof Enum)) return ((Number) constant).longValue();
        Field number = home.getDeclaredField("number");
        number.setAccessible(true);
        return number.getInt(constant);
    }

    @Test
    void everyConstantOfTheHeaderExists() throws Exception {
        String header = new String(Files.readAllBytes(Paths.get(System.getProperty("header"))), "UTF-8");
        Matcher define = Pattern.compile("#define EGRET_WS_(\\w+) \\(?(-?\\d+|0x[0-9A-F]+u)\\)?\\n").matcher(header);
        int compared = 0;
        while (define.find()) {
            String name = define.group(1);
            if (OTHERWISE.remove(name)) continue;
            Map.Entry<String, Class<?>> home =
                    HOMES.entrySet().stream().filter(one -> name.startsWith(one.getKey()))
                            .max(Comparator.comparingInt(one -> one.getKey().length())).orElse(null);
            assertTrue(home != null, name + " does not exist in Java");
            String field = name.replaceFirst("^(ERR|STATE|PHASE|INITIATOR|LOG|REQUEST|FRAME)_", "");
            assertEquals(Long.decode(define.group(2).replace("u", "")), numberOf(home.getValue(), field), name);
            compared++;
        }
        assertTrue(compared > 40);
        assertEquals(Set.of(), OTHERWISE);
    }
}
