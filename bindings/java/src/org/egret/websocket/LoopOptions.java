package org.egret.websocket;

import java.time.Duration;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/** Options of a loop. An option that is not set has its default. */
public final class LoopOptions extends Options {
    /** Level of a log line. */
    public enum LogLevel {
        // generated: log levels, by "make header"; do not edit
        /** Log level: something failed inside the library. */
        ERROR(1),
        /** Log level: a call was refused, or a connection failed. This is the default of a loop. */
        WARN(2),
        /** Log level: a connection was made or ended. */
        INFO(3),
        /** Log level: each step. */
        DEBUG(4),
        // generated: end
        ;

        final int number;

        LogLevel(int number) {
            this.number = number;
        }

        static LogLevel of(int number) {
            for (LogLevel level : values())
                if (level.number == number) return level;
            return WARN; // the default
        }
    }

    /** Receives the loop's log lines, <b>on any thread</b>. Return soon, because the connection waits for it. */
    public interface Log {
        /**
         * Receives one line.
         *
         * @param socketId {@link WebSocket#getId} of the socket to which the line belongs, or 0
         */
        void onLog(@NotNull LogLevel level, @NotNull String text, long socketId);
    }

    /** Receives each exception of a listener, a hook, a log or a wake-up. */
    public interface ExceptionHandler {
        /**
         * Receives one exception, which was caught.
         *
         * @param socket the socket of the listener or the hook; null for a log or a wake-up
         */
        void onException(@Nullable WebSocket socket, @NotNull Throwable thrown);
    }

    /** The index of {@code maxHookThreads}, behind the numbers of C's struct of loop options. */
    private static final int HOOK_THREADS = LoopOptions.COUNT;

    final Log log;
    final ExceptionHandler exceptionHandler;
    final ResolveHook resolveHook;
    final ProxyHook proxyHook;
    final SocketHook socketHook;
    final TlsChoice tls;
    final CleartextPolicy cleartextPolicy;

    private LoopOptions(Builder builder) {
        super(builder);
        log = builder.log;
        exceptionHandler = builder.exceptionHandler;
        resolveHook = builder.resolveHook;
        proxyHook = builder.proxyHook;
        socketHook = builder.socketHook;
        tls = builder.tls;
        cleartextPolicy = builder.cleartextPolicy;
    }

    /** A builder that begins with these options. */
    public @NotNull Builder toBuilder() {
        Builder builder = new Builder();
        builder.copy(this);
        builder.log = log;
        builder.exceptionHandler = exceptionHandler;
        builder.resolveHook = resolveHook;
        builder.proxyHook = proxyHook;
        builder.socketHook = socketHook;
        builder.tls = tls;
        builder.cleartextPolicy = cleartextPolicy;
        return builder;
    }

    // generated: getters, by "make header"; do not edit
    static final int COUNT = 4;

    /** See {@link Builder#logLevel}. */
    public @NotNull LogLevel getLogLevel() {
        return LogLevel.of((int) number(0));
    }

    /** See {@link Builder#pollMaxCallbacks}. */
    public long getPollMaxCallbacks() {
        return number(1);
    }

    /** See {@link Builder#pollMaxMicros}. */
    public long getPollMaxMicros() {
        return number(2);
    }

    /** See {@link Builder#lingerMillis}. */
    public long getLingerMillis() {
        return number(3);
    }

    /** See {@link Builder#inline}. */
    public boolean isInline() {
        return flag(0x10000);
    }

    /** See {@link Builder#closeOnSuspend}. */
    public boolean isCloseOnSuspend() {
        return flag(0x20000);
    }

    /** See {@link Builder#forgetTlsSessions}. */
    public boolean isForgetTlsSessions() {
        return flag(0x40000);
    }
    // generated: end

    /** See {@link Builder#log}. */
    public @Nullable Log getLog() {
        return log;
    }

    /** See {@link Builder#exceptionHandler}. */
    public @Nullable ExceptionHandler getExceptionHandler() {
        return exceptionHandler;
    }

    /** See {@link Builder#resolveHook}. */
    public @Nullable ResolveHook getResolveHook() {
        return resolveHook;
    }

    /** See {@link Builder#proxyHook}. */
    public @Nullable ProxyHook getProxyHook() {
        return proxyHook;
    }

    /** See {@link Builder#socketHook}. */
    public @Nullable SocketHook getSocketHook() {
        return socketHook;
    }

    /** See {@link Builder#maxHookThreads}. */
    public long getMaxHookThreads() {
        return number(HOOK_THREADS);
    }

    /** Returns the platform's TLS if the loop uses it; null: the library's TLS. See {@link Builder#tls}. */
    public @Nullable PlatformTls getTls() {
        return tls.of();
    }

    /** See {@link Builder#cleartextPolicy}. */
    public @Nullable CleartextPolicy getCleartextPolicy() {
        return cleartextPolicy;
    }

    int maxHookThreads() {
        return numbers[HOOK_THREADS];
    }

    /** Collects options. */
    public static final class Builder extends Values {
        private Log log;
        private ExceptionHandler exceptionHandler;
        private ResolveHook resolveHook;
        private ProxyHook proxyHook;
        private SocketHook socketHook;
        private TlsChoice tls = TlsChoice.DEFAULT;
        private CleartextPolicy cleartextPolicy = AndroidCleartext.DEFAULT;

        /** A builder without options. */
        public Builder() {
            super(HOOK_THREADS + 1);
        }

        // generated: loop options, by "make header"; do not edit
        /** The highest {@link LoopOptions.LogLevel} level to log. Default: {@link LoopOptions.LogLevel#WARN}. */
        public @NotNull Builder logLevel(@NotNull LogLevel level) {
            return number(0, "logLevel", level.number);
        }

        /**
         * Budget of a poll: the largest number of callbacks in one {@link WebSocketLoop#poll}. The others wait for
         * the next poll. Default: 4096. {@link Options#UNLIMITED} means no limit.
         */
        public @NotNull Builder pollMaxCallbacks(long count) {
            return number(1, "pollMaxCallbacks", count, UNLIMITED);
        }

        /**
         * Budget of a poll: the time in microseconds after which one {@link WebSocketLoop#poll} begins no further
         * callback. A poll handles at least one event. Default: 4000. {@link Options#UNLIMITED} means no limit.
         * While callbacks take less than a microsecond each, the clock is read once for up to 16 of them. With
         * {@link #inline} the reading and writing of the poll is counted too. Reading and writing take at most
         * about half of the budget, and never more than a few milliseconds. The next poll continues with the
         * sockets that were not served. Events without a callback are also counted, such as messages that wait
         * because receiving is paused. A poll may therefore use up its budget without any callback and return 0.
         */
        public @NotNull Builder pollMaxMicros(long micros) {
            return number(2, "pollMaxMicros", micros, UNLIMITED);
        }

        /**
         * The longest time in milliseconds that {@link WebSocketLoop#close} waits until accepted messages are
         * written and closing handshakes have ended. During this time this option is the only limit:
         * {@link WebSocketOptions.Builder#flushTimeoutMillis} and
         * {@link WebSocketOptions.Builder#closeTimeoutMillis} do not cut a socket. Default: the call does not wait:
         * bytes that the network does not take at once are dropped. {@link Options#AT_ONCE} means that it does not
         * wait.
         */
        public @NotNull Builder lingerMillis(long millis) {
            return number(3, "lingerMillis", millis, AT_ONCE);
        }

        /** As {@link #lingerMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder linger(@NotNull Duration time) {
            return lingerMillis(millis("linger", time));
        }

        /**
         * The loop has no I/O thread. {@link WebSocketLoop#poll} reads and writes, and a send outside a callback
         * writes at once. Without this flag a loop has one I/O thread for all its sockets. In both cases name
         * look-ups run on threads of the library.
         */
        public @NotNull Builder inline(boolean on) {
            return flag(0x10000, on);
        }

        /**
         * {@link WebSocketLoop#suspend} closes open sockets with 1001 (going away). Without this flag it keeps them
         * open.
         */
        public @NotNull Builder closeOnSuspend(boolean on) {
            return flag(0x20000, on);
        }

        /**
         * {@link WebSocketLoop#networkChanged} drops all TLS sessions. A server then cannot recognize a player by a
         * session of another network (RFC 8446 appendix C.4). Without this flag a reconnect on the new network
         * resumes its session.
         */
        public @NotNull Builder forgetTlsSessions(boolean on) {
            return flag(0x40000, on);
        }
        // generated: end

        /** Receives log lines. Default: none. */
        public @NotNull Builder log(@Nullable Log log) {
            this.log = log;
            return this;
        }

        /**
         * Receives exceptions of listeners, hooks, the log and the wake-up, on the thread where they were thrown. Default: the
         * uncaught-exception handler of the thread, which on Android ends the app. In both cases the poll continues after the
         * handler has returned.
         */
        public @NotNull Builder exceptionHandler(@Nullable ExceptionHandler handler) {
            exceptionHandler = handler;
            return this;
        }

        /**
         * Finds the addresses of names. Default: the system's resolver.
         *
         * <p>Hooks are called <b>on threads of the library</b>, several at the same time, and may block. They may call every
         * function except a poll. {@link WebSocketLoop#close} does not wait for running hooks.
         */
        public @NotNull Builder resolveHook(@Nullable ResolveHook hook) {
            resolveHook = hook;
            return this;
        }

        /**
         * Finds proxies, for example {@link SystemProxies}. Default: only those of the sockets' options. The rules of
         * {@link #resolveHook} apply.
         */
        public @NotNull Builder proxyHook(@Nullable ProxyHook hook) {
            proxyHook = hook;
            return this;
        }

        /** Changes descriptors before they connect. Default: none. The rules of {@link #resolveHook} apply. */
        public @NotNull Builder socketHook(@Nullable SocketHook hook) {
            socketHook = hook;
            return this;
        }

        /**
         * Uses the TLS of the platform ({@code javax.net.ssl}). Default: the platform's TLS on Android, and with a library that
         * was built without TLS; otherwise the library's TLS. Its handshakes run on threads of the loop, at most
         * {@link #maxHookThreads} of them.
         */
        public @NotNull Builder tls(@NotNull PlatformTls tls) {
            if (tls == null) throw new NullPointerException("tls");
            this.tls = new TlsChoice(tls);
            return this;
        }

        /** Uses the TLS of the library, also on Android. If it was built without TLS, connects to {@code wss://} are refused. */
        public @NotNull Builder libraryTls() {
            tls = TlsChoice.LIBRARY;
            return this;
        }

        /**
         * Decides which hosts may be reached with {@code ws://}. A connect to any other host is refused with
         * {@link ErrorCode#UNSUPPORTED}. Default: on Android the policy of the app ({@code NetworkSecurityPolicy}), elsewhere
         * null, which permits all hosts.
         */
        public @NotNull Builder cleartextPolicy(@Nullable CleartextPolicy policy) {
            cleartextPolicy = policy;
            return this;
        }

        /**
         * The maximum number of threads for hooks, 1 to 64; further calls wait. A hook that blocks keeps its thread, so this is
         * also the maximum number of blocked hooks. One socket uses at most two of them at a time. An equal number of other
         * threads may run handshakes of the {@linkplain #tls platform's TLS}. Default: 32.
         */
        public @NotNull Builder maxHookThreads(long count) {
            return number(HOOK_THREADS, "maxHookThreads", count);
        }

        /** Returns the options. */
        public @NotNull LoopOptions build() {
            return new LoopOptions(this);
        }

        private Builder number(int index, String name, long value, long... also) {
            putNumber(index, name, value, also);
            return this;
        }

        private Builder flag(int bit, boolean on) {
            putFlag(bit, on);
            return this;
        }
    }
}
