package android.os;

import java.io.Closeable;
import java.io.FileDescriptor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A stub that records copies instead of making them. */
public class ParcelFileDescriptor implements Closeable {
    /** The calls so far. */
    public static final List<String> CALLS = Collections.synchronizedList(new ArrayList<>());

    private final int number;

    private ParcelFileDescriptor(int number) {
        this.number = number;
    }

    public static ParcelFileDescriptor fromFd(int number) {
        CALLS.add("copy " + number);
        return new ParcelFileDescriptor(number);
    }

    public FileDescriptor getFileDescriptor() {
        return new FileDescriptor();
    }

    @Override
    public void close() {
        CALLS.add("close the copy of " + number);
    }
}
