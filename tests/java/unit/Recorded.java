import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.util.List;
import java.util.TreeMap;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.DeflateOptions;
import org.egret.websocket.Frame;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.PlatformTls;
import org.egret.websocket.RequestHook;
import org.egret.websocket.RetryOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;

/** Sets every option to a different value, for `recorder.c`, and prints the report that `recorder.c` returns. */
class Recorded extends WebSocketListener {
    public static void main(String[] args) throws Exception {
        boolean isPlatform = new LoopOptions.Builder().build().getTls() != null;
        System.out.println("default TLS of the platform " + isPlatform + ", else " + new LoopOptions.Builder().libraryTls().build().getTls());
        LoopOptions loopOptions = new LoopOptions.Builder().inline(true).closeOnSuspend(true).forgetTlsSessions(true)
                .log((level, text, socket) -> System.out.println("log " + level + " " + text + " " + socket))
                .logLevel(LoopOptions.LogLevel.DEBUG).pollMaxCallbacks(2).pollMaxMicros(LoopOptions.UNLIMITED).lingerMillis(3).maxHookThreads(6)
                .resolveHook((socket, host, query) -> {
                    throwFor(host);
                    System.out.println("resolve " + host + " for " + socket.getId() + " on " + Thread.currentThread().getName()
                            + (Thread.currentThread().isDaemon() ? ", a daemon" : ""));
                    query.answer("192.0.2.1", "[2001:db8::1]:443");
                    query.answer(new InetAddress[] {InetAddress.getByName("192.0.2.2"), InetAddress.getByName("::1")});
                    query.answer();
                    query.askSystem();
                }).proxyHook((socket, url, query) -> {
                    throwFor(url);
                    System.out.println("proxy for " + url);
                    query.answer("http://proxy:1", "direct");
                    query.answer();
                    query.fail();
                }).socketHook((socket, descriptor) -> {
                    if (descriptor == 1) throw new IOException("no network");
                    return descriptor != 2;
                }).exceptionHandler((socket, thrown) -> System.out.println("reported " + thrown.getMessage()))
                .tls(new PlatformTls.Builder().build()).build();
        RetryOptions retry = new RetryOptions.Builder().minWaitMillis(RetryOptions.AT_ONCE).firstWaitMillis(122)
                .maxWaitMillis(123).totalMillis(124).build();
        DeflateOptions deflate = new DeflateOptions.Builder().level(113).thresholdBytes(114).clientWindowBits(115)
                .serverWindowBits(116).clientNoContextTakeover(true).build();
        WebSocketOptions.Builder all = new WebSocketOptions.Builder().connectTimeoutMillis(101).handshakeTimeoutMillis(102)
                .closeTimeoutMillis(103).maxMessageBytes(104).maxSendBufferBytes(105).maxReceiveQueueBytes(106)
                .maxRedirects(107).tlsMinVersion(108).resolveTimeoutMillis(109).proxyTimeoutMillis(110).tlsTimeoutMillis(111)
                .openTimeoutMillis(112).pingIntervalMillis(117).pongTimeoutMillis(118).probeTimeoutMillis(119)
                .retryAttempts(WebSocketOptions.UNLIMITED).flushTimeoutMillis(120).retry(retry).deflate(deflate).subprotocols("a", "b").origin("b").userAgent("").username("ü").password("🐦").proxy("f")
                .tlsPins("g", "h").tlsIdentityPassword("h").tlsServerName("i").addresses("1.2.3.4", "[::1]:5").attemptDelayMillis(125)
                .localAddress("j").localInterface("k").maxRefusalBodyBytes(126).traceFrames(true).header("One", "1").header("Two", "2")
                .requestHook((socket, request) -> RequestHook.Action.STOP)
                .tlsRoots("roots".getBytes()).tlsIdentity("identity".getBytes());
        WebSocketLoop used = new WebSocketLoop(loopOptions);
        try (WebSocketLoop loop = used) {
            WebSocket socket = loop.connect("host", 65535, all.build(), new Recorded());
            print(socket.getStats());
            print(socket);
            loop.poll();
            print(socket); // the values from before the end
            loop.connect("copy", all.build().toBuilder().build(), new Recorded());
            loop.connect("url", new Recorded());
            WebSocketOptions.Builder none = new WebSocketOptions.Builder();
            WebSocketOptions[] flags = {none.onlyTheseRoots(true).build(),
                none.onlyTheseRoots(false).proxyFromEnvironment(true).build(), none.proxyFromEnvironment(false).resend(true).build(),
                none.resend(false).disableDeflate(true).build(), none.disableDeflate(false).disableAlpn(true).build(),
                none.disableAlpn(false).acceptAnyCertificate(true).build(),
                none.acceptAnyCertificate(false).allowPrivateRedirects(true).build(),
                none.allowPrivateRedirects(false).disableTlsResumption(true).build()};
            for (WebSocketOptions flag : flags) loop.connect("flag", flag, new Recorded());
        }
        print(used.getCloseInfo());
    }

    /** The name selects the exception. */
    private static void throwFor(String name) throws IOException {
        if (name.equals("checked")) throw new IOException(name);
        if (name.equals("unchecked")) throw new IllegalStateException(name);
    }

    @Override
    public void onFrame(WebSocket socket, Frame frame) {
        System.out.println(frame);
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

    /** Prints the getters of a socket that return texts of the library. */
    private static void print(WebSocket socket) throws ReflectiveOperationException {
        TreeMap<String, Object> values = new TreeMap<>();
        for (Method method : WebSocket.class.getDeclaredMethods()) {
            if (!Modifier.isPublic(method.getModifiers()) || !method.getName().startsWith("get") || method.getParameterCount() > 0) continue;
            Object value = method.invoke(socket);
            if (value instanceof byte[]) value = new String((byte[]) value);
            if (value instanceof String) value = ((String) value).replace("\n", "|");
            if (method.getName().equals("getPeerCertificates")) value = new String(socket.getPeerCertificates().get(0)) + " " + socket.getPeerCertificates().size();
            if (value instanceof String || value instanceof List) values.put(method.getName().substring(3), value);
        }
        System.out.println("WebSocket " + values);
        System.out.flush();
    }

    /** Returns the values of the getters, each as `name=value`. */
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
