import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;

/** Sets every option to a different value, for `recorder.c`, and prints the report that `recorder.c` returns. */
class Recorded extends WebSocketListener {
    public static void main(String[] args) throws Exception {
        LoopOptions loopOptions = new LoopOptions.Builder().inline(true).closeOnSuspend(true).log((level, text, socket) -> {})
                .logLevel(1).pollMaxCallbacks(2).pollMaxMicros(LoopOptions.NO_LIMIT).lingerMillis(3).build();
        WebSocketOptions.Builder all = new WebSocketOptions.Builder().connectTimeoutMillis(101).handshakeTimeoutMillis(102)
                .closeTimeoutMillis(103).maxMessageBytes(104).maxSendBufferBytes(105).maxReceiveQueueBytes(106)
                .maxRedirects(107).tlsMinVersion(108).resolveTimeoutMillis(109).proxyTimeoutMillis(110).tlsTimeoutMillis(111)
                .openTimeoutMillis(112).deflateLevel(113).deflateThresholdBytes(114).deflateClientWindowBits(115)
                .deflateServerWindowBits(116).pingIntervalMillis(117).pongTimeoutMillis(118).probeTimeoutMillis(119)
                .retryAttempts(WebSocketOptions.NO_LIMIT).retryFloorMillis(121).retryFirstMillis(122).retryCeilingMillis(123)
                .retryTotalMillis(124).subprotocols("a").origin("b").userAgent("").username("ü").password("🐦").proxy("f")
                .tlsPins("g").tlsIdentityPassword("h").tlsServerName("i").header("One", "1").header("Two", "2")
                .tlsRoots("roots".getBytes()).tlsIdentity("identity".getBytes());
        try (WebSocketLoop loop = new WebSocketLoop(loopOptions)) {
            WebSocket socket = loop.connect("host", 65535, all.build(), new Recorded());
            print(socket.stats());
            loop.poll();
            loop.connect("url", new Recorded());
            WebSocketOptions.Builder none = new WebSocketOptions.Builder();
            WebSocketOptions[] flags = {none.insecure(true).build(), none.insecure(false).onlyTheseRoots(true).build(),
                none.onlyTheseRoots(false).proxyFromEnvironment(true).build(),
                none.proxyFromEnvironment(false).noDeflate(true).build(),
                none.noDeflate(false).clientNoContextTakeover(true).build(),
                none.clientNoContextTakeover(false).serverNoContextTakeover(true).build(),
                none.serverNoContextTakeover(false).resend(true).build(), none.resend(false).noAlpn(true).build(),
                none.noAlpn(false).redirectToPrivate(true).build()};
            for (WebSocketOptions flag : flags) loop.connect("flag", flag, new Recorded());
        }
    }

    @Override
    public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
        System.out.println("retry " + attempt + " " + delayMillis);
    }

    @Override
    public void onClose(WebSocket socket, CloseInfo info) {
        try {
            print(info);
        } catch (IllegalAccessException never) {
            throw new AssertionError(never);
        }
    }

    /** Its fields, each as `name=value`. */
    private static void print(Object object) throws IllegalAccessException {
        StringBuilder line = new StringBuilder(object.getClass().getSimpleName());
        for (Field field : object.getClass().getFields())
            if (!Modifier.isStatic(field.getModifiers())) line.append(' ').append(field.getName()).append('=').append(field.get(object));
        System.out.println(line);
        System.out.flush();
    }
}
