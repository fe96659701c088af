package org.egret.websocket;

import java.time.Duration;
import java.util.List;
import org.jetbrains.annotations.NotNull;

/**
 * Options with numbers. A number that is 0, or not set, means the default. A negative number, and a number above
 * {@link Integer#MAX_VALUE} that is not one of the constants, is refused with an {@link IllegalArgumentException} that names
 * the option.
 */
public abstract class Options {
    /** No limit, or never. Only for options whose documentation allows it. */
    public static final long UNLIMITED = 0xFFFFFFFFL;
    /** No wait. Only for options whose documentation allows it. */
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

    /** The common part of the builders. */
    abstract static class Values {
        private int flags;
        private final int[] numbers;

        Values(int count) {
            numbers = new int[count];
        }

        /** Copies options, for a builder that begins with them. */
        final void copy(Options options) {
            flags = options.flags;
            System.arraycopy(options.numbers, 0, numbers, 0, numbers.length);
        }

        final void putFlag(int bit, boolean on) {
            flags = on ? flags | bit : flags & ~bit;
        }

        /** {@code also} are the constants that the option allows. */
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

    /** Returns a time in milliseconds, rounded up; {@link #AT_ONCE} for zero. */
    static long millis(String name, @NotNull Duration time) {
        if (time.isNegative()) throw new IllegalArgumentException(name + ": " + time + " is negative");
        if (time.compareTo(Duration.ofMillis(Integer.MAX_VALUE)) > 0)
            throw new IllegalArgumentException(name + ": " + time + " is too long");
        return time.isZero() ? AT_ONCE : time.plusNanos(999_999).toMillis();
    }

    /** Refuses a text that contains a NUL, because C would end it there. */
    static String withoutNul(String name, String text) {
        if (text != null && text.indexOf('\0') >= 0) throw new IllegalArgumentException(name + " contains a NUL");
        return text;
    }

    /** Returns the list as a text for C; null for an empty list. */
    static String joined(String name, List<String> items) {
        StringBuilder joined = new StringBuilder();
        for (String item : items) {
            if (item.isEmpty() || item.indexOf(',') >= 0) throw new IllegalArgumentException(name + ": \"" + item + "\"");
            joined.append(joined.length() == 0 ? "" : ", ").append(item);
        }
        return joined.length() == 0 ? null : joined.toString();
    }
}
