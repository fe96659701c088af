package android.os;

/** A stub. */
public final class Bundle {}
