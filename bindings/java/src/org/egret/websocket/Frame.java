package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/** A frame (RFC 6455 section 5.2) that was sent or received. See {@link WebSocketListener#onFrame}. */
public final class Frame {
    /** Whether a frame was sent or received. */
    public enum Kind {
        /** Sent. */
        SENT(1),
        /** Received. */
        RECEIVED(2),
        /** No frame: sent frames were not recorded, because the receive queue was full. {@link Frame#getLength} is their number. */
        LOST(3),
        /** A kind that this version of the binding does not know. */
        UNKNOWN(0);

        final int number;

        Kind(int number) {
            this.number = number;
        }

        static Kind of(int number) {
            for (Kind kind : values())
                if (kind.number == number) return kind;
            return UNKNOWN;
        }
    }

    private final Kind kind;
    private final int opcode;
    private final boolean isFinal;
    private final boolean compressed;
    private final long length;

    Frame(int kind, int opcode, boolean isFinal, boolean compressed, long length) {
        this.kind = Kind.of(kind);
        this.opcode = opcode;
        this.isFinal = isFinal;
        this.compressed = compressed;
        this.length = length;
    }

    /** Returns whether it was sent or received. */
    public @NotNull Kind getKind() {
        return kind;
    }

    /** Returns its opcode, 0 to 15. */
    public int getOpcode() {
        return opcode;
    }

    /** Returns whether it is the last frame of its message (FIN). */
    public boolean isFinal() {
        return isFinal;
    }

    /** Returns whether its message is compressed (RSV1, RFC 7692 section 6). */
    public boolean isCompressed() {
        return compressed;
    }

    /** Returns the number of payload bytes on the wire, that is, after compression. */
    public long getLength() {
        return length;
    }

    @Override
    public @NotNull String toString() {
        return kind == Kind.LOST ? length + " frames were not recorded"
                : kind + " opcode " + opcode + (isFinal ? ", final" : "") + (compressed ? ", compressed" : "") + ", " + length + " bytes";
    }
}
