import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.TreeMap;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.DeflateOptions;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.RequestHook;
import org.egret.websocket.RetryOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;

/** Sets every option to a different value, for `recorder.c`, and prints the report that `recorder.c` returns. */
class Recorded extends WebSocketListener {
    public static void main(String[] args) throws Exception {
        LoopOptions loopOptions = new LoopOptions.Builder().inline(true).closeOnSuspend(true).log((level, text, socket) -> {})
                .logLevel(LoopOptions.LogLevel.ERROR).pollMaxCallbacks(2).pollMaxMicros(LoopOptions.UNLIMITED).lingerMillis(3).build();
        RetryOptions retry = new RetryOptions.Builder().minWaitMillis(RetryOptions.AT_ONCE).firstWaitMillis(122)
                .maxWaitMillis(123).totalMillis(124).build();
        DeflateOptions deflate = new DeflateOptions.Builder().level(113).thresholdBytes(114).clientWindowBits(115)
                .serverWindowBits(116).clientNoContextTakeover(true).build();
        WebSocketOptions.Builder all = new WebSocketOptions.Builder().connectTimeoutMillis(101).handshakeTimeoutMillis(102)
                .closeTimeoutMillis(103).maxMessageBytes(104).maxSendBufferBytes(105).maxReceiveQueueBytes(106)
                .maxRedirects(107).tlsMinVersion(108).resolveTimeoutMillis(109).proxyTimeoutMillis(110).tlsTimeoutMillis(111)
                .openTimeoutMillis(112).pingIntervalMillis(117).pongTimeoutMillis(118).probeTimeoutMillis(119)
                .retryAttempts(WebSocketOptions.UNLIMITED).flushTimeoutMillis(120).retry(retry).deflate(deflate).subprotocols("a", "b").origin("b").userAgent("").username("ü").password("🐦").proxy("f")
                .tlsPins("g", "h").tlsIdentityPassword("h").tlsServerName("i").header("One", "1").header("Two", "2")
                .requestHook((socket, request) -> RequestHook.Action.STOP)
                .tlsRoots("roots".getBytes()).tlsIdentity("identity".getBytes());
        WebSocketLoop used = new WebSocketLoop(loopOptions);
        try (WebSocketLoop loop = used) {
            WebSocket socket = loop.connect("host", 65535, all.build(), new Recorded());
            print(socket.getStats());
            loop.poll();
            loop.connect("copy", all.build().toBuilder().build(), new Recorded());
            loop.connect("url", new Recorded());
            WebSocketOptions.Builder none = new WebSocketOptions.Builder();
            WebSocketOptions[] flags = {none.onlyTheseRoots(true).build(),
                none.onlyTheseRoots(false).proxyFromEnvironment(true).build(), none.proxyFromEnvironment(false).resend(true).build(),
                none.resend(false).disableDeflate(true).build(), none.disableDeflate(false).disableAlpn(true).build(),
                none.disableAlpn(false).acceptAnyCertificate(true).build(),
                none.acceptAnyCertificate(false).allowPrivateRedirects(true).build()};
            for (WebSocketOptions flag : flags) loop.connect("flag", flag, new Recorded());
        }
        print(used.getCloseInfo());
    }

    @Override
    public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
        System.out.println("retry " + attempt + " " + delayMillis);
    }

    @Override
    public void onClose(WebSocket socket, CloseInfo info) {
        try {
            print(info);
        } catch (ReflectiveOperationException never) {
            throw new AssertionError(never);
        }
    }

    /** The values of its getters, each as `name=value`. */
    private static void print(Object object) throws ReflectiveOperationException {
        TreeMap<String, Object> values = new TreeMap<>();
        for (Method method : object.getClass().getDeclaredMethods()) {
            String name = method.getName().replaceFirst("^(get|is)", "");
            if (Modifier.isPublic(method.getModifiers()) && !name.equals(method.getName())) values.put(name, method.invoke(object));
        }
        System.out.println(object.getClass().getSimpleName() + " " + values);
        System.out.flush();
    }
}
