package org.egret.websocket;

import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/** Options of a loop; what is not set has its default. */
public final class LoopOptions {
    /** Something failed inside the library. */
    public static final int LOG_ERROR = 1;
    /** A call was refused, or a connection failed. The default. */
    public static final int LOG_WARN = 2;
    /** Connections made and ended. */
    public static final int LOG_INFO = 3;
    /** Each step. */
    public static final int LOG_DEBUG = 4;

    /** For {@link Builder#pollMaxCallbacks} and {@link Builder#pollMaxMicros}. */
    public static final int NO_LIMIT = -1;

    /** Gets the loop's log lines, <b>from any thread</b>. Return soon: the connection waits. */
    public interface Log {
        /**
         * One line.
         *
         * @param level one of {@code LOG_*}
         * @param socketId {@link WebSocket#id} of the socket meant, or 0
         */
        void onLog(int level, @NotNull String text, long socketId);
    }

    /** Gets what a listener, a log or a wake-up threw. */
    public interface ExceptionHandler {
        /**
         * Something was thrown, and caught.
         *
         * @param socket the listener's socket; null if it was not a listener
         */
        void onException(@Nullable WebSocket socket, @NotNull Throwable thrown);
    }

    final int flags;
    final int logLevel;
    final int pollMaxCallbacks;
    final int pollMaxMicros;
    final int lingerMillis;
    final Log log;
    final ExceptionHandler exceptionHandler;

    private LoopOptions(Builder builder) {
        flags = builder.flags;
        logLevel = builder.logLevel;
        pollMaxCallbacks = builder.pollMaxCallbacks;
        pollMaxMicros = builder.pollMaxMicros;
        lingerMillis = builder.lingerMillis;
        log = builder.log;
        exceptionHandler = builder.exceptionHandler;
    }

    /** Collects options. */
    public static final class Builder {
        private static final int INLINE = 1;
        private static final int CLOSE_ON_SUSPEND = 2;

        private int flags;
        private int logLevel;
        private int pollMaxCallbacks;
        private int pollMaxMicros;
        private int lingerMillis;
        private Log log;
        private ExceptionHandler exceptionHandler;

        /** No I/O thread: polls read and write. Default: false. */
        public @NotNull Builder inline(boolean inline) {
            return flag(INLINE, inline);
        }

        /** {@link WebSocketLoop#suspend} closes what is open instead of letting it wait. Default: false. */
        public @NotNull Builder closeOnSuspend(boolean close) {
            return flag(CLOSE_ON_SUSPEND, close);
        }

        /** Where log lines go. Default: nowhere. */
        public @NotNull Builder log(@Nullable Log log) {
            this.log = log;
            return this;
        }

        /** The highest level to log. Default: {@link #LOG_WARN}. */
        public @NotNull Builder logLevel(int level) {
            logLevel = level;
            return this;
        }

        /** The most callbacks of one poll; the rest waits for the next. Default: 4096. */
        public @NotNull Builder pollMaxCallbacks(int count) {
            pollMaxCallbacks = count;
            return this;
        }

        /** The microseconds after which a poll begins no further callback. Default: 4000. */
        public @NotNull Builder pollMaxMicros(int micros) {
            pollMaxMicros = micros;
            return this;
        }

        /** The longest that {@link WebSocketLoop#close} waits for what was accepted to be written. Default: 0. */
        public @NotNull Builder lingerMillis(int millis) {
            lingerMillis = millis;
            return this;
        }

        /** Gets what listeners throw. Default: its stack trace goes to {@link System#err}. */
        public @NotNull Builder exceptionHandler(@Nullable ExceptionHandler handler) {
            exceptionHandler = handler;
            return this;
        }

        /** The options. */
        public @NotNull LoopOptions build() {
            return new LoopOptions(this);
        }

        private Builder flag(int bit, boolean on) {
            flags = on ? flags | bit : flags & ~bit;
            return this;
        }
    }
}
