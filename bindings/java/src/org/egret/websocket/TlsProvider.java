package org.egret.websocket;

import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RejectedExecutionHandler;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The TLS provider of a loop. {@code jni/tls.c} calls it. It does not refer to its loop, so that the loop can be collected when the
 * program holds no reference to it.
 *
 * <p>The calls for the sessions of a loop never overlap, so all sessions share two buffers. Handshakes run on separate threads,
 * because a trust manager or a key manager of the program may block; see {@link TlsSession}.
 */
class TlsProvider {
    private static final int TLS_CAN_ROOTS = 1;
    private static final int TLS_CAN_IDENTITY = 2;
    private static final int TLS_CAN_ANY_CERTIFICATE = 4;
    private static final int TLS_CAN_MIN_VERSION = 8;
    private static final int TLS_CAN_CHAIN = 16;
    private static final int TLS_CAN_RESUME = 32;

    /** The largest TLS record, with its header (RFC 5246 section 6.2.3). */
    static final int MAX_RECORD_BYTES = 5 + 16384 + 2048;
    /** A platform needs room for a whole record before it writes one. OpenJDK can be configured for records of twice the size. */
    private static final int OUTPUT_BYTES = 3 * MAX_RECORD_BYTES;
    /** The limits of {@code maxHookThreads}, which the library checks. */
    private static final int DEFAULT_THREADS = 32;
    private static final int MAX_THREADS = 64;
    /** An idle thread ends after this time. */
    private static final long IDLE_SECONDS = 5;

    private final ThreadPoolExecutor threads;
    private final PlatformTls tls;
    /** Whether {@link TlsNames} must compare the name with the certificate. */
    final boolean verifiesNames;
    /** The bytes for a session, and its result. C has the addresses of both buffers. */
    final ByteBuffer input = ByteBuffer.allocateDirect(MAX_RECORD_BYTES);
    final ByteBuffer output = ByteBuffer.allocateDirect(OUTPUT_BYTES);

    /** Creates a provider with at most {@code maxThreads} threads for handshakes; 0: the default. */
    TlsProvider(PlatformTls tls, int maxThreads) {
        this(tls, maxThreads, TlsPlatform.verifiesNames());
    }

    TlsProvider(PlatformTls tls, int maxThreads, boolean verifiesNames) {
        this.tls = tls;
        this.verifiesNames = verifiesNames;
        int limit = maxThreads <= 0 ? DEFAULT_THREADS : Math.min(maxThreads, MAX_THREADS);
        threads = new ThreadPoolExecutor(0, limit, IDLE_SECONDS, TimeUnit.SECONDS, new Handover(), new Daemons(), new Queueing());
    }

    /** Returns bits of {@code EGRET_WS_TLS_CAN_*}. A context of the program has its own roots and certificates. */
    int capabilities() {
        return tls.context != null ? TLS_CAN_MIN_VERSION | TLS_CAN_CHAIN | TLS_CAN_RESUME
                : TLS_CAN_ROOTS | TLS_CAN_IDENTITY | TLS_CAN_ANY_CERTIFICATE | TLS_CAN_MIN_VERSION | TLS_CAN_CHAIN | TLS_CAN_RESUME;
    }

    /** Runs on threads of the library. Returns a {@link TlsContext} or a {@link TlsFailure}. */
    Object newContext(int minVersion, byte[] roots, boolean onlyTheseRoots, boolean anyCertificate, byte[] identity,
            String password, String alpn) {
        try {
            return new TlsContext(tls, minVersion, roots, onlyTheseRoots, anyCertificate, identity, password, alpn);
        } catch (TlsContext.TlsException unusable) {
            return unusable.failure;
        } catch (Throwable thrown) {
            return TlsFailure.of(thrown);
        }
    }

    /** Returns a {@link TlsSession} or a {@link TlsFailure}. */
    Object open(TlsContext context, String name, String host, int port, boolean isProxy, boolean resumes, long socket) {
        try {
            return new TlsSession(this, context.engine(name, host, port, isProxy, resumes), context, name, resumes, socket);
        } catch (TlsContext.TlsException unusable) {
            return unusable.failure;
        } catch (Throwable thrown) {
            return TlsFailure.of(thrown);
        }
    }

    /** Called when the loop has ended. Running handshakes end without a further call. */
    void release() {
        threads.shutdown();
    }

    /** Runs a step of a handshake. Throws a {@link RejectedExecutionException} after {@link #release}. */
    void execute(Runnable step) {
        threads.execute(step);
    }

    /** Reports that a step has ended, so that the library calls {@link TlsSession#send}. */
    void ready(long socket) {
        Native.tlsReady(socket);
    }

    /** Accepts a task only if a thread waits for it. Otherwise the pool creates a thread; at its limit, the task is queued. */
    private static final class Handover extends LinkedTransferQueue<Runnable> {
        private static final long serialVersionUID = 1;

        @Override
        public boolean offer(Runnable task) {
            return tryTransfer(task);
        }

        /**
         * Queues the task. {@code put} and {@code add} are not used, because in Java 21.0.2 and 22 they call {@link #offer}
         * (JDK-8323659), and the task would be lost.
         */
        void append(Runnable task) {
            super.offer(task);
        }
    }

    /** Queues a step when all threads are busy. A session has at most one step. */
    private static final class Queueing implements RejectedExecutionHandler {
        @Override
        public void rejectedExecution(Runnable task, ThreadPoolExecutor pool) {
            if (pool.isShutdown()) throw new RejectedExecutionException("the loop has ended");
            BlockingQueue<Runnable> queue = pool.getQueue();
            ((Handover) queue).append(task);
        }
    }

    private static final class Daemons implements ThreadFactory {
        @Override
        public Thread newThread(Runnable work) {
            Thread thread = new Thread(work, "egret-ws-tls-handshake");
            thread.setDaemon(true);
            return thread;
        }
    }
}
