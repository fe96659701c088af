import org.egret.websocket.*;

/** Logs in before the first attempt, and again when the server has refused the token. Meanwhile the connection waits. */
public class TokenRefresh implements RequestHook {
    /** Asks the login server of the game. It calls `done` once, on any thread, and repeats a request that fails. */
    public interface LogIn {
        void begin(Done done);
    }

    public interface Done {
        void onToken(String token);
    }

    private final LogIn logIn;
    private volatile String token; // volatile: `done` may come from any thread
    private volatile boolean isAsking;
    private boolean wasSent; // whether the last attempt sent this token

    public TokenRefresh(LogIn logIn) {
        this.logIn = logIn;
    }

    @Override
    public RequestHook.Action onRequest(final WebSocket socket, RequestHook.Request request) {
        boolean isRefused = request.getLast() != null && request.getLast().getHttpStatus() == 401;
        if (isRefused && wasSent) token = null;
        wasSent = false;
        if (!isAsking && token == null) { // in this order: the answer sets both
            isAsking = true;
            logIn.begin(new Done() {
                @Override
                public void onToken(String fresh) {
                    token = fresh;
                    isAsking = false;
                    socket.retryNow(); // the hook is called again
                }
            });
        }
        String sent = token;
        if (sent == null) return RequestHook.Action.WAIT; // at most openTimeoutMillis
        request.setHeader("Authorization", "Bearer " + sent);
        wasSent = true;
        return isRefused ? RequestHook.Action.CONNECT : RequestHook.Action.CONTINUE;
    }

    public static void main(String[] args) {
        boolean[] isClean = {false};
        WebSocketListener listener = new WebSocketListener() {
            @Override
            public void onConnect(WebSocket socket) {
                System.out.println("logged in");
                socket.close();
            }

            @Override
            public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
                if (info.getHttpStatus() == 401) socket.retryNow(); // the server is there: no wait is needed
            }

            @Override
            public void onClose(WebSocket socket, CloseInfo info) {
                System.out.println("closed: " + info);
                isClean[0] = info.isClean();
            }
        };
        // A game asks its login server here.
        RequestHook hook = new TokenRefresh(done -> new Thread(() -> done.onToken("fresh")).start());
        RetryOptions waits = new RetryOptions.Builder().totalMillis(RetryOptions.UNLIMITED).build();
        WebSocketOptions options = new WebSocketOptions.Builder().retryAttempts(20).retry(waits).requestHook(hook).build();
        try (WebSocketLoop loop = new WebSocketLoop()) {
            WebSocket socket = loop.connect(args[0], options, listener);
            while (socket.getState() != WebSocket.State.CLOSED) loop.poll(-1); // a game polls once a frame, with 0
        }
        System.exit(isClean[0] ? 0 : 1);
    }
}
