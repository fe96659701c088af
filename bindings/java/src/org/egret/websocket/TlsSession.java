package org.egret.websocket;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;

/**
 * A session of the provider, on an {@link SSLEngine}. C calls {@link #receive}, {@link #send} and {@link #closeNotify} with
 * bytes in {@link TlsProvider#input}, and reads the result in {@link TlsProvider#output}.
 *
 * <p>Each step of the handshake runs on a thread of the provider. In a step the platform may call managers of the program,
 * which may block: OpenJDK calls them in delegated tasks, and Android inside {@code unwrap}. Meanwhile only that thread uses
 * the engine, including its getters, which wait for its lock. After the handshake only the library's calls use it.
 */
final class TlsSession {
    /** Bits of the state, named as in the header. */
    static final int TLS_ESTABLISHED = 1;
    static final int TLS_HAS_OUTPUT = 2;
    static final int TLS_PEER_CLOSED = 4;
    static final int TLS_BUSY = 8;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final byte HANDSHAKE_RECORD = 22;

    private enum State {
        /** The handshake waits for a call of the library. */
        WAITING,
        /** A thread of the provider runs a step. */
        WORKING,
        ESTABLISHED,
        /** TLS has failed; {@link #failure} has the reason. */
        FAILED,
    }

    private final TlsProvider provider;
    private final SSLEngine engine;
    private final TlsContext context;
    private final String name;
    private final boolean resumes;
    private final long socket;
    private final long openedMillis = System.currentTimeMillis();

    /** A step writes its last state after everything else, so a thread that reads the state also sees the other writes. */
    private volatile State state = State.WAITING;
    /** Written by the library's thread, and then read by the thread of a step. */
    private volatile boolean isFreed;
    /** The certificates of the server, after they were checked. The library does not read them while a step runs. */
    private X509Certificate[] checked;
    private int version;
    private boolean hasBegun;
    private boolean isPeerClosed;
    /** Whether the engine itself has something to send, such as the answer to a key update. */
    private boolean needsWrap;
    private boolean isResumed;
    private String cipher;
    private String alpn;
    private TlsFailure failure;
    /** Whether the failure was reported to C. */
    private boolean isReported;
    /** Output that waits for a call, from {@link #waitingFrom} to {@link #waitingTo}; null: none. */
    private byte[] waiting;
    private int waitingFrom;
    private int waitingTo;

    TlsSession(TlsProvider provider, SSLEngine engine, TlsContext context, String name, boolean resumes, long socket) {
        this.provider = provider;
        this.engine = engine;
        this.context = context;
        this.name = name;
        this.resumes = resumes;
        this.socket = socket;
    }

    // The calls of C. The result has the state, or an error, in its upper half, and the number of bytes of output in its lower
    // half. With an error the output is its text.

    /** Receives one whole record. */
    long receive(int length, int room) {
        try {
            switch (state) {
                case WAITING:
                    byte[] record = new byte[length];
                    provider.input.clear();
                    provider.input.get(record);
                    return begin(ByteBuffer.wrap(record));
                case ESTABLISHED:
                    decrypt(length);
                    if (provider.output.position() > room) throw new SSLException("a record has more than " + room + " bytes");
                    return result(provider.output.position());
                default:
                    return failed();
            }
        } catch (Throwable thrown) {
            return fail(thrown);
        }
    }

    /** Sends plaintext, or nothing. */
    long send(int length, int room) {
        try {
            switch (state) {
                case WORKING:
                    return result(0);
                case WAITING:
                    if (hasBegun) return result(takeWaiting(room));
                    hasBegun = true;
                    return begin(null);
                case ESTABLISHED:
                    provider.input.clear().limit(length);
                    return encrypt(provider.input, room);
                default:
                    return isReported ? result(takeWaiting(room)) : failed(); // first the error, then the alert
            }
        } catch (Throwable thrown) {
            return fail(thrown);
        }
    }

    long closeNotify(int room) {
        try {
            if (state != State.ESTABLISHED) return result(0);
            engine.closeOutbound();
            ByteBuffer output = provider.output;
            output.clear();
            while (true) {
                SSLEngineResult result = wrap(NOTHING, output);
                if (result.getStatus() == SSLEngineResult.Status.CLOSED || result.bytesProduced() == 0) break;
            }
            return result(deliver(output, room));
        } catch (Throwable thrown) {
            return fail(thrown);
        }
    }

    /** Returns the TLS version in the lower half, and 1 in the upper half if an earlier session was resumed. */
    int details() {
        return version | (state == State.ESTABLISHED && isResumed ? 1 << 16 : 0);
    }

    /** Returns null if the cipher is not known. */
    String cipher() {
        return state == State.ESTABLISHED ? cipher : null;
    }

    /** Returns null if no protocol was selected. */
    String alpn() {
        return state == State.ESTABLISHED ? alpn : null;
    }

    /** Returns the certificates of the server, one after the other; null: not known. */
    byte[] chain() {
        X509Certificate[] certificates = checked;
        if (certificates == null) return null;
        try {
            byte[][] all = new byte[certificates.length][];
            int length = 0;
            for (int i = 0; i < all.length; i++) length += (all[i] = certificates[i].getEncoded()).length;
            byte[] chain = new byte[length];
            int at = 0;
            for (byte[] one : all) {
                System.arraycopy(one, 0, chain, at, one.length);
                at += one.length;
            }
            return chain;
        } catch (CertificateEncodingException | RuntimeException unusable) {
            return null;
        }
    }

    /** The last call. */
    void free() {
        isFreed = true;
        if (state != State.WORKING) release();
    }

    private void release() {
        // Otherwise the cache of the program's context would keep the session without use.
        if (context.isGiven && !resumes) engine.getSession().invalidate();
        if (!TlsPlatform.isEngineFreedByClosing()) return;
        try {
            engine.closeOutbound();
            engine.closeInbound();
        } catch (Exception truncated) {
            // This is expected, because the connection is not closed in an orderly way.
        }
    }

    /** {@link TlsTrust} calls it with the certificates of the server, on the thread of a step. */
    void isChecked(X509Certificate[] chain) {
        checked = chain.clone();
    }

    // The handshake.

    /**
     * Starts a step and returns the result for C. The step may end before this returns; the library does not lose its
     * notification.
     */
    private long begin(final ByteBuffer record) {
        state = State.WORKING;
        provider.execute(new Runnable() {
            @Override
            public void run() {
                State next = State.FAILED;
                TlsTrust.SESSION.set(TlsSession.this);
                try {
                    next = step(record);
                } catch (Throwable another) {
                    // Only the first failure is kept. An exception that ends this thread would end the app on Android.
                } finally {
                    TlsTrust.SESSION.remove();
                    state = next;
                    if (isFreed) release();
                    else provider.ready(socket);
                }
            }
        });
        return (long) TLS_BUSY << 32;
    }

    /** Handles a record, or starts the handshake without one, until the engine needs the next record. */
    private State step(ByteBuffer record) {
        boolean hasEnded = false;
        try {
            hasEnded = shake(record);
            if (hasEnded) noteFacts();
            return hasEnded ? State.ESTABLISHED : State.WAITING;
        } catch (Throwable thrown) {
            failure = TlsFailure.ofHandshake(thrown, checked != null || context.isGiven);
            if (hasEnded) waiting = null; // the name is wrong, so the end of the handshake is not sent to the server
            else makeAlert();
            return State.FAILED;
        }
    }

    /** Returns whether the handshake has ended. */
    private boolean shake(ByteBuffer record) throws SSLException {
        ByteBuffer bytes = ByteBuffer.allocate(TlsProvider.MAX_RECORD_BYTES);
        ByteBuffer input = record == null ? NOTHING : record;
        if (record == null) engine.beginHandshake();
        boolean hasFinished = false;
        while (true) {
            switch (hasFinished ? HandshakeStatus.FINISHED : engine.getHandshakeStatus()) {
                case NEED_TASK:
                    runTasks();
                    break;
                case NEED_WRAP:
                    bytes.clear();
                    SSLEngineResult wrapped = engine.wrap(NOTHING, bytes);
                    if (wrapped.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
                        bytes = ByteBuffer.allocate(larger(bytes, engine.getSession().getPacketBufferSize()));
                        break;
                    }
                    bytes.flip();
                    addWaiting(bytes);
                    hasFinished = wrapped.getHandshakeStatus() == HandshakeStatus.FINISHED;
                    if (wrapped.getStatus() == SSLEngineResult.Status.CLOSED) throw new SSLException("the server has closed TLS");
                    checkProgress(wrapped, wrapped.bytesProduced(), HandshakeStatus.NEED_WRAP);
                    break;
                case NEED_UNWRAP:
                    if (!input.hasRemaining()) {
                        noteVersion(TlsPlatform.handshakeSession(engine));
                        return false;
                    }
                    bytes.clear();
                    SSLEngineResult unwrapped = engine.unwrap(input, bytes);
                    switch (unwrapped.getStatus()) {
                        case OK:
                            checkProgress(unwrapped, unwrapped.bytesConsumed(), HandshakeStatus.NEED_UNWRAP);
                            break;
                        case BUFFER_OVERFLOW:
                            bytes = ByteBuffer.allocate(larger(bytes, engine.getSession().getApplicationBufferSize()));
                            break;
                        case CLOSED:
                            throw new SSLException("the server has closed TLS during the handshake");
                        default:
                            throw new SSLException("the record is not whole");
                    }
                    hasFinished = unwrapped.getHandshakeStatus() == HandshakeStatus.FINISHED;
                    break;
                default:
                    return true;
            }
        }
    }

    /** Prevents an endless loop: a platform may request an identical call again without any bytes. */
    private static void checkProgress(SSLEngineResult result, int bytes, HandshakeStatus asked) throws SSLException {
        if (bytes == 0 && result.getHandshakeStatus() == asked) throw new SSLException("the platform's handshake makes no progress");
    }

    private static int larger(ByteBuffer than, int size) throws SSLException {
        if (size <= than.capacity()) throw new SSLException("a record of more than " + than.capacity() + " bytes");
        return size;
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) task.run();
    }

    private void noteVersion(SSLSession session) {
        String protocol = session == null ? null : session.getProtocol();
        if ("TLSv1.3".equals(protocol)) version = WebSocketOptions.TLS_1_3;
        if ("TLSv1.2".equals(protocol)) version = WebSocketOptions.TLS_1_2;
    }

    private void noteFacts() throws SSLException {
        SSLSession session = engine.getSession();
        noteVersion(session);
        cipher = session.getCipherSuite();
        alpn = TlsPlatform.alpn(engine);
        // Trust managers are not called again. The calls of trust managers in the program's own context are not visible here.
        isResumed = context.isGiven ? session.getCreationTime() < openedMillis : checked == null;
        if (checked == null) {
            Certificate[] chain = session.getPeerCertificates();
            checked = Arrays.copyOf(chain, chain.length, X509Certificate[].class);
        }
        try {
            checkName(checked[0]);
        } catch (CertificateException refused) {
            throw new SSLException(refused);
        }
    }

    /** Compares the name of the server with its certificate, if the platform does not. */
    void checkName(X509Certificate certificate) throws CertificateException {
        if (provider.verifiesNames && !context.acceptsAny && !TlsNames.matches(name, certificate))
            throw new CertificateException("hostname " + name + " not verified: the certificate is not for it");
    }

    /**
     * Gets the alert of an engine that has failed. Some engines first throw their exception once more. If the engine itself has not
     * failed, its alert is a close_notify.
     */
    private void makeAlert() {
        ByteBuffer bytes = ByteBuffer.allocate(TlsProvider.MAX_RECORD_BYTES);
        if (engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING) engine.closeOutbound();
        for (int attempt = 0; attempt < 3; attempt++) {
            try {
                SSLEngineResult result = engine.wrap(NOTHING, bytes);
                if (result.bytesProduced() == 0) break;
                if (result.getStatus() == SSLEngineResult.Status.CLOSED) break;
            } catch (SSLException again) {
                // The next call returns the alert.
            } catch (RuntimeException broken) {
                break;
            }
        }
        bytes.flip();
        addWaiting(bytes);
    }

    // After the handshake.

    private void decrypt(int length) throws SSLException {
        ByteBuffer input = provider.input;
        ByteBuffer output = provider.output;
        // A renegotiation is refused, because its tasks would run on this thread. The library's own TLS also refuses it.
        if (version == WebSocketOptions.TLS_1_2 && input.get(0) == HANDSHAKE_RECORD)
            throw new SSLException("the server asks for a renegotiation");
        input.clear().limit(length);
        output.clear();
        while (input.hasRemaining() && !isPeerClosed) {
            SSLEngineResult result = engine.unwrap(input, output);
            HandshakeStatus handshake = result.getHandshakeStatus();
            switch (result.getStatus()) {
                case OK:
                    break;
                case CLOSED:
                    isPeerClosed = true;
                    break;
                default:
                    throw new SSLException("the platform cannot read a record of " + length + " bytes: " + result.getStatus());
            }
            needsWrap = handshake == HandshakeStatus.NEED_WRAP;
            if (handshake == HandshakeStatus.NEED_TASK) {
                runTasks();
                needsWrap = engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP;
            } else if (result.bytesConsumed() == 0 && !isPeerClosed) {
                throw new SSLException("the platform does not read a record: " + handshake);
            }
        }
        needsWrap &= !isPeerClosed; // OpenJDK would answer a close_notify, but the library does this
    }

    private long encrypt(ByteBuffer input, int room) throws SSLException {
        ByteBuffer output = provider.output;
        output.clear();
        while (input.hasRemaining() || needsWrap) {
            SSLEngineResult result = wrap(input, output);
            if (result.getStatus() == SSLEngineResult.Status.CLOSED && input.hasRemaining()) {
                if (!isPeerClosed) throw new SSLException("TLS is closed in this direction");
                // In TLS 1.2 the server's close_notify ends both directions, and unsent data is discarded (RFC 5246 section 7.2.1).
                input.position(input.limit());
            }
            if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
                if (input.hasRemaining()) throw new SSLException("the platform does not encrypt: " + result.getHandshakeStatus());
                needsWrap = false;
            }
        }
        return result(deliver(output, room));
    }

    /** Like {@code engine.wrap}, with room for a record. */
    private SSLEngineResult wrap(ByteBuffer input, ByteBuffer output) throws SSLException {
        SSLEngineResult result = engine.wrap(input, output);
        if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
            if (output.position() == 0) throw new SSLException("a record of more than " + output.capacity() + " bytes");
            output.flip();
            addWaiting(output);
            output.clear();
            result = engine.wrap(input, output);
        }
        needsWrap = result.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && !isPeerClosed;
        return result;
    }

    // Output.

    /**
     * Copies the waiting bytes, and then the bytes of {@code written}, to the provider's output as far as there is room, and
     * returns their number.
     */
    private int deliver(ByteBuffer written, int room) {
        if (waiting == null && written.position() <= room) return written.position();
        written.flip();
        addWaiting(written);
        return takeWaiting(room);
    }

    private void addWaiting(ByteBuffer bytes) {
        int count = bytes.remaining();
        if (count == 0) return;
        if (waiting == null) {
            waiting = new byte[count];
            waitingFrom = waitingTo = 0;
        } else {
            waiting = Arrays.copyOfRange(waiting, waitingFrom, waitingTo + count);
            waitingTo -= waitingFrom;
            waitingFrom = 0;
        }
        bytes.get(waiting, waitingTo, count);
        waitingTo += count;
    }

    private int takeWaiting(int room) {
        if (waiting == null) return 0;
        ByteBuffer output = provider.output;
        output.clear();
        int count = Math.min(Math.min(room, output.capacity()), waitingTo - waitingFrom);
        output.put(waiting, waitingFrom, count);
        waitingFrom += count;
        if (waitingFrom == waitingTo) waiting = null;
        return count;
    }

    // Results.

    private long result(int count) {
        State now = state;
        int bits = now == State.WORKING ? TLS_BUSY : 0;
        if (now == State.ESTABLISHED) bits |= TLS_ESTABLISHED | (isPeerClosed ? TLS_PEER_CLOSED : 0);
        // While a step runs, its thread owns the other fields.
        boolean hasMore = now != State.WORKING && (waiting != null || needsWrap);
        return (long) (bits | (hasMore ? TLS_HAS_OUTPUT : 0)) << 32 | count;
    }

    /** Ends the session after an exception of a call. */
    private long fail(Throwable thrown) {
        failure = TlsFailure.of(thrown);
        boolean wasEstablished = state == State.ESTABLISHED;
        state = State.FAILED;
        if (wasEstablished) makeAlert();
        return failed();
    }

    private long failed() {
        TlsFailure reason = failure;
        isReported = true;
        byte[] text = (reason == null ? "the handshake has failed" : reason.message).getBytes(StandardCharsets.UTF_8);
        provider.output.clear();
        int count = Math.min(text.length, provider.output.capacity());
        provider.output.put(text, 0, count);
        return (long) (reason == null ? ErrorCode.TLS.number : reason.error) << 32 | count;
    }
}
