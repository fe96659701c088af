package org.egret.websocket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the steps of the TLS provider as C calls them. The server is an engine of the platform. There is no network and no native
 * code.
 */
class TlsSessionTest {
    /** The space that the library provides for output, besides the plaintext. */
    private static final int ROOM = 2048;
    private static final int PLAINTEXT = 16384;

    /** Counts the notices. */
    private static final class Provider extends TlsProvider {
        final Semaphore notices = new Semaphore(0);

        Provider(PlatformTls tls, boolean verifiesNames) {
            super(tls, 2, verifiesNames);
        }

        /** Waits until this number of threads run a step and this number of steps wait. Returns whether both happen. */
        boolean settles(int running, int waiting) throws Exception {
            for (int i = 0; i < 2000; i++) {
                if (threads().getActiveCount() == running && threads().getQueue().size() == waiting) return threads().getPoolSize() == running;
                Thread.sleep(10);
            }
            return false;
        }

        private java.util.concurrent.ThreadPoolExecutor threads() throws Exception {
            java.lang.reflect.Field field = TlsProvider.class.getDeclaredField("threads");
            field.setAccessible(true);
            return (java.util.concurrent.ThreadPoolExecutor) field.get(this);
        }

        @Override
        void ready(long socket) {
            assertEquals(7, socket);
            notices.release();
        }
    }

    private static byte[] file(String name) throws Exception {
        return Files.readAllBytes(Paths.get(System.getProperty("files"), name));
    }

    private static KeyManager identity(String name, int copies) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(file(name)), "open sesame".toCharArray());
        String alias = store.aliases().nextElement();
        X509Certificate[] chain = new X509Certificate[copies];
        Arrays.fill(chain, store.getCertificate(alias));
        return new TlsIdentity((PrivateKey) store.getKey(alias, "open sesame".toCharArray()), chain) {
            @Override
            public String chooseEngineServerAlias(String keyType, java.security.Principal[] issuers, SSLEngine engine) {
                return chooseEngineClientAlias(new String[] {keyType}, issuers, engine);
            }
        };
    }

    /** The server: an engine. This class keeps its bytes. */
    private static final class Server {
        final SSLEngine engine;
        final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private final ByteBuffer wire = ByteBuffer.allocate(1 << 20);
        private ByteBuffer unread = ByteBuffer.allocate(0);

        Server(String protocol, boolean asksClients) throws Exception {
            SSLContext context = SSLContext.getInstance("TLS");
            X509TrustManager trustsAll = new X509TrustManager() {
                @Override
                public void checkClientTrusted(X509Certificate[] chain, String authType) {}

                @Override
                public void checkServerTrusted(X509Certificate[] chain, String authType) {}

                @Override
                public X509Certificate[] getAcceptedIssuers() {
                    return new X509Certificate[0];
                }
            };
            context.init(new KeyManager[] {identity("right.p12", 1)}, new TrustManager[] {trustsAll}, null);
            engine = context.createSSLEngine();
            engine.setUseClientMode(false);
            engine.setEnabledProtocols(new String[] {protocol});
            engine.setNeedClientAuth(asksClients);
        }

        /** Takes bytes of the client, and continues as far as possible. */
        void take(byte[] bytes) throws Exception {
            ByteBuffer more = ByteBuffer.allocate(unread.remaining() + bytes.length);
            more.put(unread).put(bytes).flip();
            unread = more;
            ByteBuffer plain = ByteBuffer.allocate(64 * 1024);
            while (true) {
                switch (engine.getHandshakeStatus()) {
                    case NEED_TASK:
                        engine.getDelegatedTask().run();
                        break;
                    case NEED_WRAP:
                        if (engine.wrap(ByteBuffer.allocate(0), wire).getStatus() == SSLEngineResult.Status.CLOSED) return;
                        break;
                    default:
                        plain.clear();
                        SSLEngineResult result = engine.unwrap(unread, plain);
                        received.write(plain.array(), 0, plain.position());
                        if (result.bytesConsumed() == 0 && engine.getHandshakeStatus() != SSLEngineResult.HandshakeStatus.NEED_TASK
                                && engine.getHandshakeStatus() != SSLEngineResult.HandshakeStatus.NEED_WRAP)
                            return;
                }
            }
        }

        void send(byte[] plaintext) throws Exception {
            ByteBuffer bytes = ByteBuffer.wrap(plaintext);
            while (bytes.hasRemaining()) engine.wrap(bytes, wire);
        }

        /** Returns the next record for the client, or null if there is none. */
        byte[] record() {
            wire.flip();
            byte[] record = null;
            if (wire.remaining() >= 5) {
                record = new byte[5 + (wire.getShort(3) & 0xFFFF)];
                wire.get(record);
            }
            wire.compact();
            return record;
        }
    }

    /** The client, as C calls it. */
    private static final class Client {
        final Provider provider;
        final TlsSession session;
        int state;
        int error;
        String message;
        /** The number of steps with output, and the largest output of a step in bytes. */
        int outputs;
        int largest;

        Client(Provider provider, TlsContext context) {
            this.provider = provider;
            session = (TlsSession) provider.open(context, "localhost", "localhost", 443, false, true, 7);
        }

        private byte[] result(long result, int room) {
            state = (int) (result >> 32);
            int length = (int) result;
            byte[] bytes = new byte[length];
            ByteBuffer output = provider.output.duplicate();
            output.clear();
            output.get(bytes);
            if (state < 0) {
                error = state;
                message = new String(bytes, StandardCharsets.UTF_8);
                return new byte[0];
            }
            assertTrue(length <= room, length + " bytes, room for " + room);
            if (length > 0) outputs++;
            largest = Math.max(largest, length);
            return bytes;
        }

        private void input(byte[] bytes) {
            provider.input.clear();
            provider.input.put(bytes);
        }

        byte[] receive(byte[] record) {
            input(record);
            return result(session.receive(record.length, PLAINTEXT), PLAINTEXT);
        }

        byte[] send(byte[] plaintext) {
            input(plaintext);
            return result(session.send(plaintext.length, plaintext.length + ROOM), plaintext.length + ROOM);
        }

        boolean has(int bit) {
            return state >= 0 && (state & bit) != 0;
        }

        /** Waits for a busy session, and gives all output to the server. */
        void flush(Server server) throws Exception {
            while (state >= 0) {
                if (has(TlsSession.TLS_BUSY)) {
                    assertTrue(provider.notices.tryAcquire(20, TimeUnit.SECONDS), "no notice");
                    server.take(send(new byte[0]));
                } else if (has(TlsSession.TLS_HAS_OUTPUT)) {
                    server.take(send(new byte[0]));
                } else {
                    return;
                }
            }
        }

        /** Runs the handshake and reads the tickets. Returns the plaintext of the server. */
        byte[] run(Server server) throws Exception {
            ByteArrayOutputStream plain = new ByteArrayOutputStream();
            if (!has(TlsSession.TLS_ESTABLISHED)) {
                server.take(send(new byte[0]));
                flush(server);
            }
            for (byte[] record = server.record(); record != null && state >= 0; record = server.record()) {
                plain.write(receive(record));
                flush(server);
            }
            return plain.toByteArray();
        }
    }

    private static TlsContext context(Provider provider, int minVersion) throws Exception {
        return (TlsContext) provider.newContext(minVersion, file("root.pem"), true, false, null, null, null);
    }

    private static Provider provider(boolean verifiesNames, KeyManager identity) {
        return new Provider(new PlatformTls.Builder().keyManager((javax.net.ssl.X509KeyManager) identity).build(), verifiesNames);
    }

    /** Output that does not fit is returned by further steps. The client's identity has 10 certificates, OpenJDK's maximum. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void recordByRecord(String protocol) throws Exception {
        Provider provider = provider(false, identity("client.p12", 10));
        Server server = new Server(protocol, true);
        Client client = new Client(provider, context(provider, WebSocketOptions.TLS_1_2));
        assertEquals(0, client.run(server).length);
        assertTrue(client.has(TlsSession.TLS_ESTABLISHED));
        assertTrue(client.outputs >= 4 && client.largest == ROOM, client.outputs + " outputs of up to " + client.largest);
        assertEquals(10, server.engine.getSession().getPeerCertificates().length);

        for (int size : new int[] {1, 16383, 16384}) {
            byte[] data = new byte[size];
            Arrays.fill(data, (byte) size);
            server.received.reset();
            server.take(client.send(data));
            assertArrayEquals(data, server.received.toByteArray());
            assertEquals(TlsSession.TLS_ESTABLISHED, client.state);
            server.send(data);
            assertArrayEquals(data, client.run(server)); // OpenJDK makes two records of 16384 bytes
        }
        assertEquals(protocol.equals("TLSv1.2") ? WebSocketOptions.TLS_1_2 : WebSocketOptions.TLS_1_3, client.session.details());
        server.engine.closeOutbound();
        server.engine.wrap(ByteBuffer.allocate(0), server.wire);
        assertEquals(0, client.receive(server.record()).length);
        assertEquals(TlsSession.TLS_ESTABLISHED | TlsSession.TLS_PEER_CLOSED, client.state);
        byte[] last = "after the server's close_notify".getBytes(StandardCharsets.US_ASCII);
        // With TLS 1.2 OpenJDK answers a close_notify with its own, and both directions are closed.
        assertEquals(protocol.equals("TLSv1.3"), client.send(last).length > last.length);
        assertTrue(client.state >= 0);
        client.result(client.session.closeNotify(ROOM), ROOM);
        assertEquals(TlsSession.TLS_ESTABLISHED | TlsSession.TLS_PEER_CLOSED, client.state);
        provider.release();
    }

    /** Garbage and calls in the wrong order return errors; no call throws. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void callsOutOfTurn(String protocol) throws Exception {
        Provider provider = provider(false, null);
        TlsContext context = context(provider, WebSocketOptions.TLS_1_2);
        Client early = new Client(provider, context);
        assertEquals(0, early.result(early.session.closeNotify(ROOM), ROOM).length);
        assertEquals(0, early.session.details());
        assertNull(early.session.cipher());
        assertNull(early.session.chain());

        Client established = new Client(provider, context);
        Server server = new Server(protocol, false);
        established.run(server);
        established.receive(new byte[] {23, 3, 3, 0, 4, 1, 2, 3, 4});
        assertEquals(ErrorCode.TLS.number, established.error);
        // The alert is returned once.
        assertTrue(established.send(new byte[0]).length > 0);
        assertEquals(0, established.send(new byte[0]).length);
        established.receive(new byte[] {23, 3, 3, 0, 4, 1, 2, 3, 4});
        assertEquals(ErrorCode.TLS.number, established.error);

        // The session is freed while a thread works: no notice is sent.
        Client freed = new Client(provider, context);
        freed.send(new byte[0]);
        freed.session.free();
        assertTrue(!freed.has(TlsSession.TLS_ESTABLISHED));
        provider.release();
        Client late = new Client(provider, context);
        late.send(new byte[0]);
        assertEquals(ErrorCode.TLS.number, late.error);
        assertTrue(late.message.contains("the loop has ended"), late.message);
    }

    /** If there are more steps than threads, the other steps wait, and each one runs, also after idle threads have ended. */
    @Test
    void threadsAreLimited() throws Exception {
        Provider provider = provider(false, null); // 2 threads
        for (int round = 0; round < 3; round++) {
            Semaphore mayEnd = new Semaphore(0);
            Semaphore running = new Semaphore(0);
            Semaphore done = new Semaphore(0);
            for (int i = 0; i < 50; i++)
                provider.execute(() -> {
                    assertTrue(Thread.currentThread().isDaemon());
                    running.release();
                    mayEnd.acquireUninterruptibly();
                    running.acquireUninterruptibly();
                    done.release();
                });
            assertTrue(provider.settles(2, 48));
            mayEnd.release(50);
            assertTrue(done.tryAcquire(50, 20, TimeUnit.SECONDS));
        }
        provider.release();
    }

    /**
     * Every step of this engine throws an error of the virtual machine, also the step for the alert. No thread ends because of
     * it.
     */
    @Test
    void anEngineThatIsBroken() throws Exception {
        List<Throwable> uncaught = java.util.Collections.synchronizedList(new ArrayList<>());
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
        try {
            Provider provider = provider(false, null);
            TlsSession session = new TlsSession(provider, new BrokenEngine(), context(provider, WebSocketOptions.TLS_1_2), "localhost", true, 7);
            assertEquals((long) TlsSession.TLS_BUSY << 32, session.send(0, ROOM));
            assertTrue(provider.notices.tryAcquire(20, TimeUnit.SECONDS));
            long result = session.send(0, ROOM);
            assertEquals(ErrorCode.TLS.number, (int) (result >> 32));
            byte[] text = new byte[(int) result];
            provider.output.clear();
            provider.output.get(text);
            assertEquals("java.lang.AssertionError: broken", new String(text, StandardCharsets.UTF_8));
            session.free();
            java.util.concurrent.ThreadPoolExecutor threads = provider.threads();
            provider.release();
            assertTrue(threads.awaitTermination(20, TimeUnit.SECONDS));
            assertEquals(0, uncaught.size(), uncaught::toString);
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    private static final class BrokenEngine extends SSLEngine {
        @Override
        public SSLEngineResult wrap(ByteBuffer[] from, int at, int count, ByteBuffer to) {
            throw new AssertionError("broken");
        }

        @Override
        public SSLEngineResult unwrap(ByteBuffer from, ByteBuffer[] to, int at, int count) {
            throw new AssertionError("broken");
        }

        @Override
        public SSLEngineResult.HandshakeStatus getHandshakeStatus() {
            return SSLEngineResult.HandshakeStatus.NEED_WRAP;
        }

        @Override
        public Runnable getDelegatedTask() {
            return null;
        }

        @Override
        public javax.net.ssl.SSLSession getSession() {
            return null;
        }

        @Override
        public boolean isInboundDone() {
            return false;
        }

        @Override
        public boolean isOutboundDone() {
            return false;
        }

        @Override
        public String[] getSupportedCipherSuites() {
            return new String[0];
        }

        @Override
        public String[] getEnabledCipherSuites() {
            return new String[0];
        }

        @Override
        public String[] getSupportedProtocols() {
            return new String[0];
        }

        @Override
        public String[] getEnabledProtocols() {
            return new String[0];
        }

        @Override
        public boolean getUseClientMode() {
            return true;
        }

        @Override
        public boolean getNeedClientAuth() {
            return false;
        }

        @Override
        public boolean getWantClientAuth() {
            return false;
        }

        @Override
        public boolean getEnableSessionCreation() {
            return true;
        }

        @Override
        public void beginHandshake() {}

        @Override
        public void closeInbound() {}

        @Override
        public void closeOutbound() {}

        @Override
        public void setEnabledCipherSuites(String[] suites) {}

        @Override
        public void setEnabledProtocols(String[] protocols) {}

        @Override
        public void setUseClientMode(boolean mode) {}

        @Override
        public void setNeedClientAuth(boolean need) {}

        @Override
        public void setWantClientAuth(boolean want) {}

        @Override
        public void setEnableSessionCreation(boolean creates) {}
    }

    /** The names that the library passes are DNS names or addresses. */
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1", "2001:db8::1", "10.0.0.255"})
    void addressesAreNotNames(String address) {
        assertTrue(TlsContext.isAddress(address));
        assertTrue(!TlsContext.isAddress("host1") && !TlsContext.isAddress("1.example") && !TlsContext.isAddress("a.4b"));
    }
}
