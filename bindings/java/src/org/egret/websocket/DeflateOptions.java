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
         * Messages of fewer bytes are sent without compression, and so are messages that compression does not make
         * smaller. Default: 256. {@link Options#AT_ONCE}: messages of any size are compressed.
         * {@link Options#UNLIMITED}: no message is compressed.
         */
        public @NotNull Builder thresholdBytes(long bytes) {
            return number(1, "thresholdBytes", bytes, UNLIMITED, AT_ONCE);
        }

        /**
         * The largest window that this side uses to compress, as a power of two, 9 to 15; the server may ask for
         * less. The compressor needs memory of 4 times the window and 244 KiB, from the first compressed message
         * on. Default: 15.
         */
        public @NotNull Builder clientWindowBits(long bits) {
            return number(2, "clientWindowBits", bits);
        }

        /**
         * The largest window that the server may use, 9 to 15. A socket whose server agreed to compress needs 47
         * KiB for incoming messages, with any window. A server that accepts the offer without this limit fails the
         * handshake. Default: 15, that is no limit.
         */
        public @NotNull Builder serverWindowBits(long bits) {
            return number(3, "serverWindowBits", bits);
        }

        /**
         * This side compresses each message by itself, without the context of the messages before, which makes
         * messages larger. The compressor keeps its memory. Default: with the context.
         */
        public @NotNull Builder clientNoContextTakeover(boolean on) {
            return number(4, "clientNoContextTakeover", on ? 1 : 0);
        }

        /**
         * The server must compress each message by itself. A server that accepts the offer without this parameter
         * fails the handshake. Default: as the server wants.
         */
        public @NotNull Builder serverNoContextTakeover(boolean on) {
            return number(5, "serverNoContextTakeover", on ? 1 : 0);
        }
        // generated: end

        /** The options. */
        public @NotNull DeflateOptions build() {
            return new DeflateOptions(this);
        }

        private Builder number(int index, String name, long value, long... also) {
            putNumber(index, name, value, also);
            return this;
        }
    }
}
