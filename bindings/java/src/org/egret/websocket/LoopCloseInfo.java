package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/** Accepted messages that a loop had not sent when it ended, and that no listener has got a report of. */
public final class LoopCloseInfo {
    static final int COUNT = 3;

    /** In the order of {@code jni/loop.c}. */
    private final long[] values;

    LoopCloseInfo(long[] values) {
        this.values = values;
    }

    /** Sockets that have lost messages. */
    public long getSockets() {
        return values[0];
    }

    /** Messages that a send accepted and that were not completely passed to the operating system. */
    public long getUnsentMessages() {
        return values[1];
    }

    /** Payload bytes of {@link #getUnsentMessages}. */
    public long getUnsentBytes() {
        return values[2];
    }

    @Override
    public @NotNull String toString() {
        return getUnsentMessages() + " unsent messages of " + getSockets() + " sockets, " + getUnsentBytes() + " bytes";
    }
}
