package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/** The settings of permessage-deflate (RFC 7692), for {@link WebSocketOptions.Builder#deflate}. */
public final class DeflateOptions extends Options {
    private DeflateOptions(Builder builder) {
        super(builder);
    }

    /** A builder that begins with these options. */
    public @NotNull Builder toBuilder() {
        Builder builder = new Builder();
        builder.copy(this);
        return builder;
    }

    // generated: getters, by "make header"; do not edit
    static final int COUNT = 6;

    /** See {@link Builder#level}. */
    public long getLevel() {
        return number(0);
    }

    /** See {@link Builder#thresholdBytes}. */
    public long getThresholdBytes() {
        return number(1);
    }

    /** See {@link Builder#clientWindowBits}. */
    public long getClientWindowBits() {
        return number(2);
    }

    /** See {@link Builder#serverWindowBits}. */
    public long getServerWindowBits() {
        return number(3);
    }

    /** See {@link Builder#clientNoContextTakeover}. */
    public boolean isClientNoContextTakeover() {
        return number(4) == 1;
    }

    /** See {@link Builder#serverNoContextTakeover}. */
    public boolean isServerNoContextTakeover() {
        return number(5) == 1;
    }
    // generated: end

    /** Collects options. */
    public static final class Builder extends Values {
        /** A builder without options. */
        public Builder() {
            super(COUNT);
        }

        // generated: options, by "make header"; do not edit
        /** The level at which this side compresses, 1 (fast) to 9 (small). Default: 6. */
        public @NotNull Builder level(long level) {
            return number(0, "level", level);
        }

        /**
         * The size in bytes of the smallest message that is compressed. Smaller messages are sent without
         * compression. Messages that compression does not make smaller are also sent without it. Default: 256.
         * {@link Options#AT_ONCE} means that messages of any size are compressed. {@link Options#UNLIMITED} means
         * that no message is compressed.
         */
        public @NotNull Builder thresholdBytes(long bytes) {
            return number(1, "thresholdBytes", bytes, UNLIMITED, AT_ONCE);
        }

        /**
         * The largest window that this side uses to compress, as a power of two, 9 to 15. The server may ask for
         * less. From the first compressed message on, the compressor needs 4 times the window plus 244 KiB of
         * memory. Default: 15.
         */
        public @NotNull Builder clientWindowBits(long bits) {
            return number(2, "clientWindowBits", bits);
        }

        /**
         * The largest window that the server may use, as a power of two, 9 to 15. If the server agreed to compress,
         * the socket needs 47 KiB for incoming messages, with any window. If a server accepts the offer without
         * this limit, the handshake fails. Default: 15, which is no limit.
         */
        public @NotNull Builder serverWindowBits(long bits) {
            return number(3, "serverWindowBits", bits);
        }

        /**
         * This side compresses each message by itself, without the context of earlier messages. This makes messages
         * larger. The compressor still keeps its memory. Default: the context is used.
         */
        public @NotNull Builder clientNoContextTakeover(boolean on) {
            return number(4, "clientNoContextTakeover", on ? 1 : 0);
        }

        /**
         * The server must compress each message by itself. If a server accepts the offer without this parameter,
         * the handshake fails. Default: the server chooses.
         */
        public @NotNull Builder serverNoContextTakeover(boolean on) {
            return number(5, "serverNoContextTakeover", on ? 1 : 0);
        }
        // generated: end

        /** Returns the options. */
        public @NotNull DeflateOptions build() {
            return new DeflateOptions(this);
        }

        private Builder number(int index, String name, long value, long... also) {
            putNumber(index, name, value, also);
            return this;
        }
    }
}
