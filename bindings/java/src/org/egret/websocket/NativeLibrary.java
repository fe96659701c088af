package org.egret.websocket;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Loads the JNI shim. The system property {@code org.egret.websocket.library} names the file. Without this property, the system
 * searches for the library: on Android in the app, elsewhere in {@code java.library.path}. If it finds none, the file for the
 * platform in this jar is loaded.
 */
final class NativeLibrary {
    private static final String PATH = "org.egret.websocket.library";
    private static final String NAME = "egret_ws_jni";
    /** A file of this age will not be loaded any more. */
    private static final long LEFT_OVER_MILLIS = 60_000;

    private NativeLibrary() {}

    static void load() {
        String path = System.getProperty(PATH);
        if (path != null) {
            System.load(new File(path).getAbsolutePath());
            return;
        }
        try {
            System.loadLibrary(NAME);
        } catch (UnsatisfiedLinkError notFound) {
            loadFromJar(notFound);
        }
    }

    private static void loadFromJar(UnsatisfiedLinkError notFound) {
        String file = System.mapLibraryName(NAME);
        String resource = "native/" + platform() + "/" + file;
        try (InputStream library = NativeLibrary.class.getResourceAsStream(resource)) {
            if (library == null) {
                throw failure(notFound.getMessage() + ", and the jar of the binding has no " + resource
                        + ": set -Djava.library.path to the folder of build.sh", notFound);
            }
            File directory = new File(System.getProperty("java.io.tmpdir"));
            String end = file.substring(file.lastIndexOf('.'));
            removeLeftOvers(directory, end);
            // The name is new and hard to guess, and the file belongs to this user, so no other user can replace it.
            File copy = File.createTempFile(NAME, end, directory);
            try {
                copy(library, copy);
                System.load(copy.getAbsolutePath());
            } catch (UnsatisfiedLinkError refused) {
                throw failure(refused.getMessage() + ". If no library can be loaded from this directory, set another one with "
                        + "-Djava.io.tmpdir, or the path of a library with -D" + PATH, refused);
            } finally {
                copy.delete(); // has no effect on Windows while the library is loaded: see removeLeftOvers
            }
        } catch (IOException failed) {
            throw failure("cannot copy " + resource + " from the jar to java.io.tmpdir: " + failed.getMessage(), failed);
        }
    }

    /** Returns a name such as {@code linux-x86_64}, {@code linux-arm64} or {@code windows-x86_64}. */
    private static String platform() {
        String system = System.getProperty("os.name").toLowerCase(java.util.Locale.ROOT);
        String machine = System.getProperty("os.arch").toLowerCase(java.util.Locale.ROOT);
        if (system.startsWith("windows")) system = "windows";
        else if (system.startsWith("mac")) system = "macos";
        if (machine.equals("amd64")) machine = "x86_64";
        else if (machine.equals("aarch64")) machine = "arm64";
        return system + "-" + machine;
    }

    private static void copy(InputStream from, File to) throws IOException {
        byte[] buffer = new byte[65536];
        try (OutputStream out = new FileOutputStream(to)) {
            for (int length; (length = from.read(buffer)) >= 0;) out.write(buffer, 0, length);
        }
    }

    /** On Windows, deletes the copies of programs that have ended. The copies of running programs cannot be deleted. */
    private static void removeLeftOvers(File directory, String end) {
        if (!end.equals(".dll")) return;
        long before = System.currentTimeMillis() - LEFT_OVER_MILLIS;
        File[] found = directory.listFiles();
        if (found == null) return;
        for (File file : found) {
            String name = file.getName();
            if (name.startsWith(NAME) && name.endsWith(end) && file.lastModified() < before) file.delete();
        }
    }

    private static UnsatisfiedLinkError failure(String message, Throwable cause) {
        UnsatisfiedLinkError error = new UnsatisfiedLinkError(message);
        error.initCause(cause);
        return error;
    }
}
