package org.egret.websocket;

import java.time.Duration;
import java.util.List;
import org.jetbrains.annotations.NotNull;

/**
 * Options with numbers. A number that is 0, or not set, is the default. A number that is negative, or larger than
 * {@link Integer#MAX_VALUE} and none of the constants, is refused with an {@link IllegalArgumentException} that names the option.
 */
public abstract class Options {
    /** No limit, or never, for the options whose documentation names it. */
    public static final long UNLIMITED = 0xFFFFFFFFL;
    /** No wait, for the options whose documentation names it. */
    public static final long AT_ONCE = 0xFFFFFFFEL;

    final int flags;
    /** In the order of {@code jni/}. */
    final int[] numbers;

    Options(Values values) {
        flags = values.flags;
        numbers = values.numbers.clone();
    }

    final long number(int index) {
        return numbers[index] & 0xFFFFFFFFL;
    }

    final boolean flag(int bit) {
        return (flags & bit) != 0;
    }

    /** The part that builders share. */
    abstract static class Values {
        private int flags;
        private final int[] numbers;

        Values(int count) {
            numbers = new int[count];
        }

        /** For a builder that begins with given options. */
        final void copy(Options options) {
            flags = options.flags;
            System.arraycopy(options.numbers, 0, numbers, 0, numbers.length);
        }

        final void putFlag(int bit, boolean on) {
            flags = on ? flags | bit : flags & ~bit;
        }

        /** The constants that the option allows are {@code also}. */
        final void putNumber(int index, String name, long value, long... also) {
            boolean allowed = value >= 0 && value <= Integer.MAX_VALUE;
            for (long constant : also) allowed |= value == constant;
            if (!allowed) throw new IllegalArgumentException(name + ": " + spelled(value) + " is not allowed");
            numbers[index] = (int) value;
        }

        private static String spelled(long value) {
            return value == UNLIMITED ? "UNLIMITED" : value == AT_ONCE ? "AT_ONCE" : "" + value;
        }
    }

    /** A time in milliseconds, rounded up; {@link #AT_ONCE} for zero. */
    static long millis(String name, @NotNull Duration time) {
        if (time.isNegative()) throw new IllegalArgumentException(name + ": " + time + " is negative");
        if (time.compareTo(Duration.ofMillis(Integer.MAX_VALUE)) > 0)
            throw new IllegalArgumentException(name + ": " + time + " is too long");
        return time.isZero() ? AT_ONCE : time.plusNanos(999_999).toMillis();
    }

    /** Refuses a text with a NUL inside, because C would end it there. */
    static String withoutNul(String name, String text) {
        if (text != null && text.indexOf('\0') >= 0) throw new IllegalArgumentException(name + " contains a NUL");
        return text;
    }

    /** The list that C takes; null for an empty one. */
    static String joined(String name, List<String> items) {
        StringBuilder joined = new StringBuilder();
        for (String item : items) {
            if (item.isEmpty() || item.indexOf(',') >= 0) throw new IllegalArgumentException(name + ": \"" + item + "\"");
            joined.append(joined.length() == 0 ? "" : ", ").append(item);
        }
        return joined.length() == 0 ? null : joined.toString();
    }
}
