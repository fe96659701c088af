package android.net;

import android.os.ParcelFileDescriptor;
import java.io.FileDescriptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketException;
import java.net.UnknownHostException;

/** A stub. As in Android's class, objects with the same number are equal. It resolves the name `edge.test`. */
public class Network {
    private final int number;
    public volatile boolean isLost;

    public Network(int number) {
        this.number = number;
    }

    public InetAddress[] getAllByName(String host) throws UnknownHostException {
        if (isLost || !host.equals("edge.test")) throw new UnknownHostException(host);
        return new InetAddress[] {InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1})};
    }

    public void bindSocket(FileDescriptor descriptor) throws IOException {
        if (isLost) throw new SocketException("Machine is not on the network");
        ParcelFileDescriptor.CALLS.add("bind to " + number);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Network && ((Network) other).number == number;
    }

    @Override
    public int hashCode() {
        return number;
    }
}
