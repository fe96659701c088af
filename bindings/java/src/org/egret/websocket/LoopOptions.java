package org.egret.websocket;

import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/** Options of a loop. An option that is not set has its default. */
public final class LoopOptions {
    // generated: log levels, by "make header"; do not edit
    /** Log level: something failed inside the library. */
    public static final int LOG_ERROR = 1;
    /** Log level: a call was refused, or a connection failed. The default of a loop. */
    public static final int LOG_WARN = 2;
    /** Log level: connections made and ended. */
    public static final int LOG_INFO = 3;
    /** Log level: each step. */
    public static final int LOG_DEBUG = 4;
    // generated: end

    /** For {@link Builder#pollMaxCallbacks} and {@link Builder#pollMaxMicros}. */
    public static final int NO_LIMIT = -1;

    /** Receives the loop's log lines, <b>from any thread</b>. Return soon: the connection waits meanwhile. */
    public interface Log {
        /**
         * One line.
         *
         * @param level one of {@code LOG_*}
         * @param socketId {@link WebSocket#id} of the socket that the line is about, or 0
         */
        void onLog(int level, @NotNull String text, long socketId);
    }

    /** Receives each exception of a listener, a log or a wake-up. */
    public interface ExceptionHandler {
        /**
         * One exception, which was caught.
         *
         * @param socket the listener's socket; null for a log or a wake-up
         */
        void onException(@Nullable WebSocket socket, @NotNull Throwable thrown);
    }

    final int flags;
    /** In the order of {@code jni/loop.c}. */
    final int[] numbers;
    final Log log;
    final ExceptionHandler exceptionHandler;

    private LoopOptions(Builder builder) {
        flags = builder.flags;
        numbers = builder.numbers.clone();
        log = builder.log;
        exceptionHandler = builder.exceptionHandler;
    }

    /** Collects options. */
    public static final class Builder {
        private int flags;
        private Log log;
        private ExceptionHandler exceptionHandler;
        // generated: loop options, by "make header"; do not edit
        private final int[] numbers = new int[4];

        /**
         * No thread. {@link WebSocketLoop#poll} does the reading and writing itself, and a send outside a callback
         * is written at once. Without this flag a loop has one I/O thread, however many sockets it has.
         */
        public @NotNull Builder inline(boolean on) {
            return flag(65536, on);
        }

        /**
         * {@link WebSocketLoop#suspend} closes open sockets, with 1001 (going away), instead of keeping them open.
         */
        public @NotNull Builder closeOnSuspend(boolean on) {
            return flag(131072, on);
        }

        /** The highest {@code LOG_*} level to log. Default: {@link LoopOptions#LOG_WARN}. */
        public @NotNull Builder logLevel(int level) {
            return number(0, level);
        }

        /**
         * Budget of a poll: the most callbacks of one {@link WebSocketLoop#poll}; the others wait for the next
         * poll. Default: 4096. {@link WebSocketOptions#NO_LIMIT}: no limit.
         */
        public @NotNull Builder pollMaxCallbacks(int count) {
            return number(1, count);
        }

        /**
         * Budget of a poll: the microseconds after which one {@link WebSocketLoop#poll} begins no further callback;
         * it makes at least one. As long as callbacks take less than a microsecond each, the clock is read once for
         * up to 16 of them. Default: 4000. {@link WebSocketOptions#NO_LIMIT}: no limit. With {@link #inline} the
         * reading and writing of the poll counts too: it takes at most about half of the budget, and never more
         * than a few milliseconds. The next poll goes on with the sockets that were not served.
         */
        public @NotNull Builder pollMaxMicros(int micros) {
            return number(2, micros);
        }

        /**
         * The longest time in milliseconds that {@link WebSocketLoop#close} waits until accepted messages are
         * written and closing handshakes have ended. During this time it is the only limit:
         * {@link WebSocketOptions.Builder#flushTimeoutMillis} and
         * {@link WebSocketOptions.Builder#closeTimeoutMillis} cut no socket. Default: it does not wait; bytes that
         * the network does not take at once are dropped.
         */
        public @NotNull Builder lingerMillis(int millis) {
            return number(3, millis);
        }
        // generated: end

        /** Receives log lines. Default: none. */
        public @NotNull Builder log(@Nullable Log log) {
            this.log = log;
            return this;
        }

        /** Receives exceptions of listeners. Default: writes the stack trace to {@link System#err}. */
        public @NotNull Builder exceptionHandler(@Nullable ExceptionHandler handler) {
            exceptionHandler = handler;
            return this;
        }

        /** The options. */
        public @NotNull LoopOptions build() {
            return new LoopOptions(this);
        }

        private Builder number(int index, int value) {
            numbers[index] = value;
            return this;
        }

        private Builder flag(int bit, boolean on) {
            flags = on ? flags | bit : flags & ~bit;
            return this;
        }
    }
}
