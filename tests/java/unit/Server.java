import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A scripted server: it calls the script for each connection, on its own thread. */
final class Server implements AutoCloseable {
    interface Script {
        void run(Peer peer) throws Exception;
    }

    private final ServerSocket listener;
    /** Objects that scripts passed to {@link Server#take}, and their failures. */
    final LinkedBlockingQueue<Object> found = new LinkedBlockingQueue<>();

    Server(Script script) throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        Thread thread = new Thread(() -> serve(script), "server");
        thread.setDaemon(true);
        thread.start();
    }

    String url() {
        return "ws://127.0.0.1:" + port() + "/";
    }

    int port() {
        return listener.getLocalPort();
    }

    Object take() throws InterruptedException {
        Object next = found.poll(Support.WAIT_LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        if (next instanceof Throwable) throw new AssertionError((Throwable) next);
        if (next == null) throw new AssertionError("the server passed nothing in time");
        return next;
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    private void serve(Script script) {
        while (!listener.isClosed()) {
            try (Socket socket = listener.accept()) {
                socket.setSoTimeout((int) Support.WAIT_LIMIT_MILLIS);
                script.run(new Peer(socket, found));
            } catch (Throwable thrown) {
                if (!listener.isClosed()) found.add(thrown);
            }
        }
    }

    /** One connection. */
    static final class Peer {
        final DataInputStream in;
        final OutputStream out;

        private final LinkedBlockingQueue<Object> found;

        Peer(Socket socket, LinkedBlockingQueue<Object> found) throws IOException {
            this.found = found;
            in = new DataInputStream(socket.getInputStream());
            out = socket.getOutputStream();
        }

        /** Passes an object to {@link Server#take}. */
        void found(Object something) {
            found.add(something);
        }

        /** Reads the head of a request, up to its empty line. */
        String head() throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) head.append((char) in.readUnsignedByte());
            return head.toString();
        }

        void write(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }

        /** Accepts the upgrade, with additional header lines, and returns the request. */
        String accept(String more) throws Exception {
            return accept(head(), more);
        }

        /** Accepts the upgrade of a request that was read. */
        String accept(String head, String more) throws Exception {
            int at = head.toLowerCase().indexOf("sec-websocket-key:") + 18;
            String key = head.substring(at, head.indexOf("\r\n", at)).trim() + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
            byte[] sha1 = MessageDigest.getInstance("SHA-1").digest(key.getBytes(StandardCharsets.US_ASCII));
            write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                    + Base64.getEncoder().encodeToString(sha1) + "\r\n" + more + "\r\n");
            return head;
        }

        /** Returns the unmasked payload of the next frame. {@link #opcode} is its opcode. */
        byte[] frame() throws IOException {
            opcode = in.readUnsignedByte() & 15;
            int length = in.readUnsignedByte() & 127;
            if (length == 126) length = in.readUnsignedShort();
            else if (length == 127) length = (int) in.readLong();
            byte[] mask = new byte[4];
            in.readFully(mask);
            byte[] payload = new byte[length];
            in.readFully(payload);
            for (int i = 0; i < length; i++) payload[i] ^= mask[i & 3];
            return payload;
        }

        int opcode;

        void send(int opcode, byte[] payload) throws IOException {
            out.write(0x80 | opcode);
            if (payload.length < 126) {
                out.write(payload.length);
            } else if (payload.length < 65536) {
                out.write(new byte[] {126, (byte) (payload.length >> 8), (byte) payload.length});
            } else {
                out.write(new byte[] {127, 0, 0, 0, 0, (byte) (payload.length >> 24), (byte) (payload.length >> 16),
                    (byte) (payload.length >> 8), (byte) payload.length});
            }
            out.write(payload);
            out.flush();
        }

        /** Answers Close frames until the connection ends. */
        void closing() throws IOException {
            try {
                while (true) {
                    byte[] payload = frame();
                    if (opcode == 8) {
                        send(8, payload);
                        return;
                    }
                }
            } catch (java.io.EOFException | java.net.SocketException gone) {
                // the client ended the connection without a Close frame
            }
        }
    }
}
