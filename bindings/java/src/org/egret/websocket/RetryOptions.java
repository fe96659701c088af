package org.egret.websocket;

import java.time.Duration;
import org.jetbrains.annotations.NotNull;

/** The waits of reconnecting, for {@link WebSocketOptions.Builder#retry}. */
public final class RetryOptions extends Options {
    private RetryOptions(Builder builder) {
        super(builder);
    }

    /** A builder that begins with these options. */
    public @NotNull Builder toBuilder() {
        Builder builder = new Builder();
        builder.copy(this);
        return builder;
    }

    // generated: getters, by "make header"; do not edit
    static final int COUNT = 4;

    /** See {@link Builder#minWaitMillis}. */
    public long getMinWaitMillis() {
        return number(0);
    }

    /** See {@link Builder#firstWaitMillis}. */
    public long getFirstWaitMillis() {
        return number(1);
    }

    /** See {@link Builder#maxWaitMillis}. */
    public long getMaxWaitMillis() {
        return number(2);
    }

    /** See {@link Builder#totalMillis}. */
    public long getTotalMillis() {
        return number(3);
    }
    // generated: end

    /** Collects options. */
    public static final class Builder extends Values {
        /** A builder without options. */
        public Builder() {
            super(COUNT);
        }

        // generated: options, by "make header"; do not edit
        /**
         * The shortest wait before an attempt, in milliseconds. Default: 250, or the smaller of the next two
         * options if that is less. {@link Options#AT_ONCE} means that an attempt may begin at once.
         */
        public @NotNull Builder minWaitMillis(long millis) {
            return number(0, "minWaitMillis", millis, AT_ONCE);
        }

        /** As {@link #minWaitMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder minWait(@NotNull Duration time) {
            return minWaitMillis(millis("minWait", time));
        }

        /**
         * The longest wait before the first attempt, in milliseconds. This limit doubles with each further attempt.
         * The wait is random between {@link #minWaitMillis} and this value, so that the clients of a server do not
         * all come back at the same time. If the server sends {@code Retry-After} (RFC 9110 section 10.2.3), the
         * wait is added to the time of {@code Retry-After}. Default: 4000, or the nearest value that lies between
         * the other two waits. {@link Options#AT_ONCE} means that the first attempt begins at once, and all others
         * too.
         */
        public @NotNull Builder firstWaitMillis(long millis) {
            return number(1, "firstWaitMillis", millis, AT_ONCE);
        }

        /** As {@link #firstWaitMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder firstWait(@NotNull Duration time) {
            return firstWaitMillis(millis("firstWait", time));
        }

        /**
         * The limit of the doubling, in milliseconds. Default: 30000, or {@link #firstWaitMillis} if that is more.
         */
        public @NotNull Builder maxWaitMillis(long millis) {
            return number(2, "maxWaitMillis", millis);
        }

        /** As {@link #maxWaitMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder maxWait(@NotNull Duration time) {
            return maxWaitMillis(millis("maxWait", time));
        }

        /**
         * The longest time in milliseconds from the loss to the beginning of an attempt. After this time no attempt
         * begins. Default: 600000. {@link Options#UNLIMITED} means no limit.
         */
        public @NotNull Builder totalMillis(long millis) {
            return number(3, "totalMillis", millis, UNLIMITED);
        }

        /** As {@link #totalMillis}. On Android it needs API 26, or desugaring. */
        public @NotNull Builder total(@NotNull Duration time) {
            return totalMillis(millis("total", time));
        }
        // generated: end

        /** Returns the options. */
        public @NotNull RetryOptions build() {
            return new RetryOptions(this);
        }

        private Builder number(int index, String name, long value, long... also) {
            putNumber(index, name, value, also);
            return this;
        }
    }
}
