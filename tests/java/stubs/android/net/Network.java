package android.net;

/** A stub: equal to another one of the same number, as Android's class. */
public class Network {
    private final int number;

    public Network(int number) {
        this.number = number;
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
