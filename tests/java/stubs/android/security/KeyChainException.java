package android.security;

public class KeyChainException extends Exception {
    private static final long serialVersionUID = 1;

    public KeyChainException(String message) {
        super(message);
    }
}
