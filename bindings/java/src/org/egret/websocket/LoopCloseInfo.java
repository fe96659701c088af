package org.egret.websocket;

import org.jetbrains.annotations.NotNull;

/** Reports the accepted messages that a loop had not sent when it ended, and that were not reported to a listener. */
public final class LoopCloseInfo {
    static final int COUNT = 3;

    /** In the order of {@code jni/loop.c}. */
    private final long[] values;

    LoopCloseInfo(long[] values) {
        this.values = values;
    }

    /** Returns the number of sockets that lost messages. */
    public long getSockets() {
        return values[0];
    }

    /** Returns the number of messages that a send accepted and that were not completely passed to the operating system. */
    public long getUnsentMessages() {
        return values[1];
    }

    /** Returns the number of payload bytes of {@link #getUnsentMessages}. */
    public long getUnsentBytes() {
        return values[2];
    }

    @Override
    public @NotNull String toString() {
        return getUnsentMessages() + " unsent messages of " + getSockets() + " sockets, " + getUnsentBytes() + " bytes";
    }
}
