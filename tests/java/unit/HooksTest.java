import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.LoopOptions;
import org.egret.websocket.ProxyHook;
import org.egret.websocket.ResolveHook;
import org.egret.websocket.SocketHook;
import org.egret.websocket.SystemProxies;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the hooks of a loop, which the library calls on its own threads. */
class HooksTest {
    /** The URL of the echo server with a name that only the hooks can resolve. */
    private static final String EDGE = Support.ECHO.replace("127.0.0.1", "edge.test");
    private static final String ADDRESS = "127.0.0.1";

    private final Support.Recorder events = new Support.Recorder();
    private final List<Throwable> reported = Collections.synchronizedList(new ArrayList<>());
    private final List<String> logged = Collections.synchronizedList(new ArrayList<>());

    private LoopOptions.Builder options() {
        return new LoopOptions.Builder().exceptionHandler((socket, thrown) -> reported.add(thrown))
                .log((level, text, socket) -> logged.add(text));
    }

    private static <T> T next(LinkedBlockingQueue<T> queue) throws InterruptedException {
        T found = queue.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        assertTrue(found != null, "no result in time");
        return found;
    }

    private void connects(LoopOptions.Builder options, String url) {
        Support.Recorder events = new Support.Recorder();
        try (WebSocketLoop loop = new WebSocketLoop(options.build())) {
            loop.connect(url, events);
            Support.until(loop, "it connects", () -> events.connects == 1 || events.closed != null);
            assertNull(events.closed);
            assertEquals(List.of(), reported);
        }
    }

    private CloseInfo fails(LoopOptions.Builder options, WebSocketOptions.Builder socketOptions) {
        Support.Recorder events = new Support.Recorder();
        try (WebSocketLoop loop = new WebSocketLoop(options.build())) {
            loop.connect(EDGE, socketOptions.build(), events);
            Support.until(loop, "it fails", () -> events.closed != null);
            assertEquals(0, events.connects);
            return events.closed;
        }
    }

    private CloseInfo fails(LoopOptions.Builder options) {
        return fails(options, new WebSocketOptions.Builder());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHookAnswersImmediately(boolean inline) throws Exception {
        LinkedBlockingQueue<Object> asked = new LinkedBlockingQueue<>();
        ResolveHook hook = (socket, host, query) -> {
            Collections.addAll(asked, socket, socket.getId(), host, Thread.currentThread(), Thread.currentThread().isDaemon());
            assertTrue(query.answer(ADDRESS));
            assertFalse(query.answer(ADDRESS)); // a second answer is refused
        };
        try (WebSocketLoop loop = new WebSocketLoop(options().inline(inline).resolveHook(hook).build())) {
            WebSocket socket = loop.connect(EDGE, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertSame(socket, next(asked));
            assertEquals(socket.getId(), next(asked));
            assertEquals("edge.test", next(asked));
            assertNotSame(Thread.currentThread(), asked.peek());
        }
        Thread thread = (Thread) next(asked);
        assertEquals(true, next(asked));
        assertEquals(List.of(), reported);
        thread.join(Support.WAIT_LIMIT_MILLIS); // the thread detaches from the virtual machine when it ends
        assertFalse(thread.isAlive());
    }

    /** A hook begins while another thread may have freed its socket and the garbage collector collects the object. */
    @Test
    void socketsAreFreedWhileTheirHooksBegin() throws Exception {
        int sockets = 1000;
        ResolveHook hook = (socket, host, query) -> {
            assertEquals(EDGE, "ws://" + host + Support.ECHO.substring("ws://127.0.0.1".length()));
            query.answer(ADDRESS);
        };
        SocketHook accepts = (socket, descriptor) -> socket.getState() != null;
        LinkedBlockingQueue<WebSocket> made = new LinkedBlockingQueue<>();
        try (WebSocketLoop loop = new WebSocketLoop(options().resolveHook(hook).socketHook(accepts).build())) {
            Thread frees = new Thread(() -> {
                try {
                    for (int i = 0; i < sockets; i++) {
                        if (i % 100 == 0) System.gc();
                        next(made).free();
                    }
                } catch (InterruptedException never) {
                    throw new AssertionError(never);
                }
            });
            frees.start();
            for (int i = 0; i < sockets; i++) {
                made.add(loop.connect(EDGE, new Support.Recorder()));
                loop.poll();
            }
            while (frees.isAlive()) loop.poll(1);
            loop.connect(EDGE, events);
            Support.until(loop, "one more socket connects", () -> events.connects == 1 || events.closed != null);
            assertNull(events.closed);
            assertEquals(List.of(), reported);
        }
    }

    @Test
    void addressesAreAnsweredInEachForm() {
        InetAddress[] many = new InetAddress[40];
        ResolveHook[] hooks = {
            (socket, host, query) -> query.answer(List.of(ADDRESS)),
            (socket, host, query) -> query.answer("127.0.0.1:1", Support.ECHO.replaceAll("ws://|/", "")),
            (socket, host, query) -> query.answer(InetAddress.getAllByName(ADDRESS)),
            (socket, host, query) -> {
                java.util.Arrays.fill(many, InetAddress.getByName(ADDRESS));
                many[1] = InetAddress.getByName("fe80::1%1");
                query.answer(many);
            },
        };
        for (ResolveHook hook : hooks) connects(options().resolveHook(hook), EDGE);
    }

    @Test
    void aHookLeavesNamesToTheSystem() {
        LoopOptions.Builder asksSystem = options().resolveHook((socket, host, query) -> query.askSystem());
        // The system does not know the name, or does not answer in time.
        CloseInfo info = fails(asksSystem, new WebSocketOptions.Builder().resolveTimeoutMillis(2000));
        assertEquals(CloseInfo.Phase.RESOLVE, info.getPhase());
        assertTrue(info.getError() == ErrorCode.RESOLVE || info.getError() == ErrorCode.TIMEOUT);
    }

    /** A thread of the program answers, in any order, while the loop and its sockets continue. */
    @Test
    void aHookAnswersLater() throws Exception {
        LinkedBlockingQueue<ResolveHook.Query> asked = new LinkedBlockingQueue<>();
        ResolveHook hook = (socket, host, query) -> asked.add(query);
        try (WebSocketLoop loop = new WebSocketLoop(options().resolveHook(hook).build())) {
            loop.connect(EDGE, events);
            Support.Recorder other = new Support.Recorder();
            loop.connect(Support.ECHO, other); // a literal address: the hook is not called
            ResolveHook.Query query = next(asked);
            Support.until(loop, "the other socket connects", () -> other.connects == 1);
            assertEquals(0, events.connects);
            assertEquals(ErrorCode.INVALID_ARGUMENT, Support.errorOf(() -> query.answer("no address"))); // the query is still open
            Thread answers = new Thread(() -> query.answer(ADDRESS));
            answers.start();
            answers.join();
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertFalse(query.answer(ADDRESS));
            assertFalse(query.askSystem());
            assertTrue(asked.isEmpty());
        }
    }

    @Test
    void anAnswerThatComesTooLateIsRefused() throws Exception {
        LinkedBlockingQueue<ResolveHook.Query> asked = new LinkedBlockingQueue<>();
        LoopOptions.Builder never = options().resolveHook((socket, host, query) -> asked.add(query));
        CloseInfo info = fails(never, new WebSocketOptions.Builder().resolveTimeoutMillis(50));
        assertEquals(ErrorCode.TIMEOUT, info.getError());
        assertEquals(CloseInfo.Phase.RESOLVE, info.getPhase());
        assertFalse(next(asked).answer(ADDRESS));
    }

    @Test
    void anEmptyAnswerAndAnUnknownNameFail() {
        assertEquals(ErrorCode.RESOLVE, fails(options().resolveHook((socket, host, query) -> query.answer())).getError());
        CloseInfo info = fails(options().resolveHook((socket, host, query) -> {
            throw new UnknownHostException(host);
        }));
        assertEquals(ErrorCode.RESOLVE, info.getError());
        assertEquals(CloseInfo.Phase.RESOLVE, info.getPhase());
        assertTrue(logged.contains("onResolve: java.net.UnknownHostException: edge.test"), logged::toString);
        assertEquals(List.of(), reported);
    }

    /**
     * A hook throws before or after its answer, or the virtual machine throws an error: the connection gets an answer in each
     * case.
     */
    @ParameterizedTest
    @ValueSource(strings = {"throws", "overflow", "answers and throws"})
    void exceptionsOfHooksAreReported(String how) {
        ResolveHook hook = new ResolveHook() {
            private int deep(int n) {
                return deep(n + 1) + 1;
            }

            @Override
            public void onResolve(WebSocket socket, String host, Query query) {
                if (how.equals("overflow")) deep(0);
                if (how.equals("answers and throws")) query.answer("127.0.0.1:1");
                throw new IllegalStateException(how);
            }
        };
        CloseInfo info = fails(options().resolveHook(hook));
        assertEquals(how.startsWith("answers") ? ErrorCode.CONNECT : ErrorCode.RESOLVE, info.getError());
        assertEquals(1, reported.size());
        assertEquals(how.equals("overflow"), reported.get(0) instanceof StackOverflowError);
    }

    private static boolean isSocket(int descriptor) {
        try {
            return Files.readSymbolicLink(Paths.get("/proc/self/fd/" + descriptor)).toString().startsWith("socket:");
        } catch (IOException gone) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSocketHookGetsAnOpenDescriptor(boolean inline) throws Exception {
        LinkedBlockingQueue<Object> called = new LinkedBlockingQueue<>();
        SocketHook hook = (socket, descriptor) -> {
            Collections.addAll(called, socket, isSocket(descriptor), Thread.currentThread());
            return true;
        };
        try (WebSocketLoop loop = new WebSocketLoop(options().inline(inline).socketHook(hook).build())) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            Support.until(loop, "it connects", () -> events.connects == 1);
            assertSame(socket, next(called));
            assertEquals(true, next(called));
            assertNotSame(Thread.currentThread(), next(called));
            assertTrue(called.isEmpty());
        }
    }

    /** The next address is tried. The error of the last address is reported, with the binding's number for a refusal. */
    @ParameterizedTest
    @ValueSource(strings = {"refuses", "IOException", "throws", "overflow"})
    void aSocketHookThatFailsRefusesTheAddress(String how) {
        String echo = Support.ECHO.replaceAll("ws://|/", "");
        int[] calls = new int[1];
        SocketHook hook = new SocketHook() {
            private int deep(int n) {
                return deep(n + 1) + 1;
            }

            @Override
            public boolean onSocket(WebSocket socket, int descriptor) throws IOException {
                if (++calls[0] == 2) return true;
                if (how.equals("overflow")) deep(0);
                if (how.equals("throws")) throw new IllegalStateException(how);
                if (how.equals("IOException")) throw new ConnectException(how);
                return false;
            }
        };
        WebSocketOptions.Builder two = new WebSocketOptions.Builder().addresses(echo, echo);
        try (WebSocketLoop loop = new WebSocketLoop(options().socketHook(hook).build())) {
            WebSocket socket = loop.connect(EDGE, two.build(), events);
            Support.until(loop, "it connects", () -> events.connects == 1 || events.closed != null);
            assertNull(events.closed);
            assertEquals(2, socket.getTriedAddresses().size());
            assertEquals(how.equals("throws") || how.equals("overflow") ? 1 : 0, reported.size());
            assertEquals(how.equals("IOException"), logged.contains("onSocket: java.net.ConnectException: IOException"));
            calls[0] = 2; // refuses all further descriptors
            Support.Recorder refused = new Support.Recorder();
            loop.connect(Support.ECHO, refused);
            Support.until(loop, "it fails", () -> refused.closed != null);
            assertEquals(ErrorCode.CONNECT, refused.closed.getError());
            assertTrue(refused.closed.getMessage().contains("on_socket"), refused.closed.getMessage());
        }
    }

    /** The system does not reuse the number of a descriptor for another file while its hook runs. */
    @Test
    void aDescriptorStaysOpenUntilItsHookReturns() throws Exception {
        LinkedBlockingQueue<Object> results = new LinkedBlockingQueue<>();
        CountDownLatch release = new CountDownLatch(1);
        SocketHook hook = (socket, descriptor) -> {
            results.add(descriptor);
            try {
                release.await();
            } catch (InterruptedException never) {
                throw new AssertionError(never);
            }
            results.add(isSocket(descriptor));
            return true;
        };
        try (WebSocketLoop loop = new WebSocketLoop(options().socketHook(hook).build())) {
            WebSocket socket = loop.connect(Support.ECHO, events);
            next(results);
            socket.free();
            loop.poll();
            loop.close();
            release.countDown();
            assertEquals(true, next(results));
        } finally {
            release.countDown();
        }
    }

    /** A proxy that accepts each connection and also acts as the server behind it. */
    private static Server proxy() throws IOException {
        return new Server(peer -> {
            String head = peer.head();
            peer.found(head.substring(0, head.indexOf(" HTTP")));
            peer.write("HTTP/1.1 200 OK\r\n\r\n");
            peer.accept("");
            peer.closing();
        });
    }

    @Test
    void aProxyHookAnswersImmediatelyOrLater() throws Exception {
        LinkedBlockingQueue<Object> asked = new LinkedBlockingQueue<>();
        try (Server proxy = proxy()) {
            String[] dead = {"http://127.0.0.1:1", "http://127.0.0.1:" + proxy.port()};
            ProxyHook[] hooks = {
                (socket, url, query) -> asked.add(url + query.answer(dead)),
                (socket, url, query) -> asked.add(url + query.answer(List.of(dead[1], "direct"))),
                (socket, url, query) -> new Thread(() -> asked.add(url + query.answer(dead[1]))).start(),
            };
            for (ProxyHook hook : hooks) {
                Support.Recorder events = new Support.Recorder();
                try (WebSocketLoop loop = new WebSocketLoop(options().proxyHook(hook).build())) {
                    loop.connect("ws://user:secret@edge.test/path?query", events);
                    Support.until(loop, "it connects", () -> events.connects == 1 || events.closed != null);
                    assertNull(events.closed);
                }
                assertEquals("ws://edge.test:80/true", next(asked));
                assertEquals("CONNECT edge.test:80", proxy.take());
            }
            assertEquals(List.of(), reported);
        }
    }

    @Test
    void aProxyHookFindsNoProxy() {
        connects(options().proxyHook((socket, url, query) -> query.answer()), Support.ECHO);
        connects(options().proxyHook((socket, url, query) -> query.answer("direct")), Support.ECHO);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fail", "IOException", "throws", "overflow"})
    void aProxyHookThatFailsEndsTheAttempt(String how) {
        ProxyHook hook = new ProxyHook() {
            private int deep(int n) {
                return deep(n + 1) + 1;
            }

            @Override
            public void onProxy(WebSocket socket, String url, Query query) throws IOException {
                if (how.equals("overflow")) deep(0);
                if (how.equals("throws")) throw new IllegalStateException(how);
                if (how.equals("IOException")) throw new ConnectException(how);
                assertEquals(ErrorCode.INVALID_ARGUMENT, Support.errorOf(() -> query.answer("ftp://127.0.0.1:1")));
                assertTrue(query.fail());
            }
        };
        CloseInfo info = fails(options().proxyHook(hook));
        assertEquals(ErrorCode.PROXY, info.getError());
        assertEquals(CloseInfo.Phase.PROXY, info.getPhase());
        assertEquals(how.equals("throws") || how.equals("overflow") ? 1 : 0, reported.size(), reported::toString);
        assertEquals(how.equals("IOException"), logged.contains("onProxy: java.net.ConnectException: IOException"));
    }

    /** A selector that always answers with the same proxies, and records the questions. */
    private static ProxySelector selector(List<String> asked, Proxy... proxies) {
        return new ProxySelector() {
            @Override
            public List<Proxy> select(URI uri) {
                asked.add(uri.toString());
                return uri.getScheme().equals("https") || proxies.length < 2 ? List.of(proxies) : List.of(proxies[1]);
            }

            @Override
            public void connectFailed(URI uri, SocketAddress address, IOException failure) {
                throw new AssertionError(failure);
            }
        };
    }

    @Test
    void theProxiesOfTheSystemAreUsed() throws Exception {
        ProxySelector before = ProxySelector.getDefault();
        try (Server proxy = proxy()) {
            InetSocketAddress address = InetSocketAddress.createUnresolved("127.0.0.1", proxy.port());
            ProxySelector.setDefault(selector(new ArrayList<>(), new Proxy(Proxy.Type.HTTP, address)));
            connects(options().proxyHook(new SystemProxies()), "ws://edge.test/");
            assertEquals("CONNECT edge.test:80", proxy.take());
        } finally {
            ProxySelector.setDefault(before);
        }
        System.setProperty("socksProxyHost", "127.0.0.1");
        System.setProperty("socksProxyPort", "1");
        System.setProperty("socksNonProxyHosts", "");
        try {
            CloseInfo info = fails(options().proxyHook(new SystemProxies()));
            assertEquals(ErrorCode.CONNECT, info.getError()); // there is no proxy at this address
        } finally {
            for (String name : new String[] {"socksProxyHost", "socksProxyPort", "socksNonProxyHosts"}) System.clearProperty(name);
        }
        connects(options().proxyHook(new SystemProxies()), Support.ECHO); // no proxy is set
    }

    @Test
    void proxiesOfASelectorAreTranslated() throws Exception {
        Method translated = SystemProxies.class.getDeclaredMethod("proxies", String.class);
        translated.setAccessible(true);
        Proxy http = new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("proxy.test", 3128));
        Proxy socks = new Proxy(Proxy.Type.SOCKS, new InetSocketAddress(InetAddress.getByName("::1"), 1080));
        Proxy[] many = new Proxy[9];
        java.util.Arrays.fill(many, http);
        String secure = "wss://edge.test:443/";
        String plain = "ws://edge.test:80/";
        Object[][] cases = {
            {secure, new Proxy[] {http, Proxy.NO_PROXY}, List.of("http://proxy.test:3128", "direct"), 1},
            {secure, new Proxy[] {Proxy.NO_PROXY, http}, List.of("direct", "http://proxy.test:3128"), 1},
            {secure, new Proxy[] {}, List.of("direct"), 1},
            {secure, new Proxy[] {socks}, List.of("socks5://[0:0:0:0:0:0:0:1]:1080"), 1},
            {secure, many, java.util.Collections.nCopies(8, "http://proxy.test:3128"), 1},
            {plain, new Proxy[] {http, Proxy.NO_PROXY}, List.of("http://proxy.test:3128", "direct"), 1},
            {plain, new Proxy[] {Proxy.NO_PROXY, http}, List.of("http://proxy.test:3128"), 2},
            {plain, new Proxy[] {Proxy.NO_PROXY}, List.of("direct"), 2},
        };
        for (Object[] one : cases) {
            List<String> asked = new ArrayList<>();
            SystemProxies hook = new SystemProxies(selector(asked, (Proxy[]) one[1]));
            assertEquals(one[2], translated.invoke(hook, one[0]));
            String target = ((String) one[0]).replaceFirst("wss?", "");
            assertEquals(List.of("https" + target, "http" + target).subList(0, (int) one[3]), asked);
        }
    }

    /** The selector is a part of the system: its failure must not end the program. */
    @Test
    void aSelectorThatThrowsFailsTheAttempt() {
        ProxySelector broken = new ProxySelector() {
            @Override
            public List<Proxy> select(URI uri) {
                throw new IllegalArgumentException("broken");
            }

            @Override
            public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
        };
        assertEquals(ErrorCode.PROXY, fails(options().proxyHook(new SystemProxies(broken))).getError());
        assertEquals(List.of(), reported);
        assertTrue(logged.stream().anyMatch(line -> line.contains("broken")), logged::toString);
    }

    /** Without a handler, the exception is handled like an exception that a thread does not catch. */
    @Test
    void withoutAHandlerTheThreadHandlesExceptions() throws Exception {
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        LinkedBlockingQueue<String> caught = new LinkedBlockingQueue<>();
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> caught.add(thrown.getMessage()));
        try {
            fails(new LoopOptions.Builder().resolveHook((socket, host, query) -> {
                throw new IllegalStateException("uncaught");
            }));
            assertEquals("uncaught", next(caught));
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    /** A hook may block and may call every function except a poll. Other sockets are not delayed. */
    @Test
    void aHookThatBlocksDelaysOnlyItsSocket() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        LinkedBlockingQueue<Object> results = new LinkedBlockingQueue<>();
        WebSocketLoop[] own = new WebSocketLoop[1];
        ResolveHook hook = (socket, host, query) -> {
            if (host.equals("other.test")) {
                query.answer(ADDRESS);
                return;
            }
            results.add(Support.errorOf(() -> own[0].poll()));
            results.add(socket.getState());
            try {
                release.await();
            } catch (InterruptedException never) {
                throw new AssertionError(never);
            }
            results.add(query.answer(ADDRESS));
        };
        try (WebSocketLoop loop = own[0] = new WebSocketLoop(options().resolveHook(hook).build())) {
            loop.connect(EDGE, events);
            assertEquals(ErrorCode.REENTRANT, next(results));
            assertEquals(WebSocket.State.CONNECTING, next(results));
            Support.Recorder other = new Support.Recorder();
            loop.connect(EDGE.replace("edge", "other"), other);
            Support.until(loop, "the other socket connects", () -> other.connects == 1);
            assertEquals(0, events.connects);
            release.countDown();
            assertEquals(true, next(results));
            Support.until(loop, "it connects", () -> events.connects == 1);
        } finally {
            release.countDown();
        }
    }

    /** The socket is freed, or the loop is closed, while a hook runs: no call waits for the hook, and its answer is refused. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theEndDoesNotWaitForHooks(boolean ofLoop) throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        LinkedBlockingQueue<Object> results = new LinkedBlockingQueue<>();
        ResolveHook hook = (socket, host, query) -> {
            results.add("asked");
            try {
                release.await();
            } catch (InterruptedException never) {
                throw new AssertionError(never);
            }
            results.add(query.answer(ADDRESS));
            results.add(socket.getState());
        };
        // The loop is inline, so the poll after the free has ended the connection.
        WebSocketLoop loop = new WebSocketLoop(options().inline(true).resolveHook(hook).build());
        WebSocket socket = loop.connect(EDGE, events);
        Support.until(loop, "the hook is called", () -> !results.isEmpty());
        next(results);
        if (ofLoop) loop.close();
        else socket.free();
        loop.poll();
        release.countDown();
        assertEquals(false, next(results));
        assertEquals(WebSocket.State.CLOSED, next(results));
        loop.close();
        assertEquals(List.of(), reported);
    }

    @Test
    void aLoopIsClosedInItsHook() throws Exception {
        LinkedBlockingQueue<WebSocketLoop> closed = new LinkedBlockingQueue<>();
        ResolveHook hook = (socket, host, query) -> {
            socket.getLoop().close();
            closed.add(socket.getLoop());
        };
        WebSocketLoop loop = new WebSocketLoop(options().resolveHook(hook).build());
        loop.connect(EDGE, events);
        assertSame(loop, next(closed));
        LoopCloseTest.assertQuiet(loop);
        assertEquals(0, events.connects);
        assertNull(events.closed);
    }

    private WeakReference<Object> used() {
        Object[] kept = {new Object()};
        ResolveHook hook = (socket, host, query) -> {
            assertTrue(kept[0] != null);
            query.answer(ADDRESS);
        };
        connects(options().resolveHook(hook), EDGE);
        return new WeakReference<>(kept[0]);
    }

    /** Neither the library nor the threads of the hooks keep the objects that a hook refers to. */
    @Test
    void hooksAreCollectedWithTheirLoop() {
        WeakReference<Object> kept = used();
        long deadline = System.nanoTime() + Support.WAIT_LIMIT_MILLIS * 1_000_000;
        while (kept.get() != null) {
            assertTrue(System.nanoTime() < deadline, "the loop is not collected");
            System.gc();
            Thread.yield();
        }
    }
}
