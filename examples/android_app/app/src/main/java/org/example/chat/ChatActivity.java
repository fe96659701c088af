package org.example.chat;

import android.app.Activity;
import android.os.Bundle;
import android.view.KeyEvent;
import android.view.inputmethod.EditorInfo;
import android.widget.EditText;
import android.widget.LinearLayout;
import android.widget.TextView;
import org.egret.websocket.CloseInfo;
import org.egret.websocket.ErrorCode;
import org.egret.websocket.RetryOptions;
import org.egret.websocket.WebSocket;
import org.egret.websocket.WebSocketListener;
import org.egret.websocket.WebSocketLoop;
import org.egret.websocket.WebSocketOptions;
import org.egret.websocket.android.AppLifecycle;
import org.egret.websocket.android.LooperDriver;

/**
 * A chat on the main thread. The loop lives as long as the activity. The driver polls it on this thread when there is work, so the
 * listener may use the views.
 *
 * AppLifecycle handles the events of the phone: it suspends the loop when the last activity of the app has stopped, resumes it at
 * the next start, and reports each change of the network. If the connection was lost meanwhile, the socket reconnects.
 */
public class ChatActivity extends Activity {
    /** In the emulator, this is the address of the development machine. */
    static final String URL = "ws://10.0.2.2:9000/room/lobby";

    private WebSocketLoop loop;
    private LooperDriver driver;
    private AppLifecycle lifecycle;
    private WebSocket socket;
    private TextView log;

    @Override
    protected void onCreate(Bundle state) {
        super.onCreate(state);
        log = new TextView(this);
        showInput();

        loop = new WebSocketLoop();
        driver = LooperDriver.onWakeup(loop, getMainLooper());
        lifecycle = AppLifecycle.follow(getApplication(), loop);
        WebSocketOptions options = new WebSocketOptions.Builder()
                .retryAttempts(WebSocketOptions.UNLIMITED)
                .retry(new RetryOptions.Builder().totalMillis(RetryOptions.UNLIMITED).build()) // also after ten minutes offline
                .build();
        socket = loop.connect(URL, options, new Listener());
    }

    @Override
    protected void onDestroy() {
        lifecycle.close();
        driver.close();
        loop.close(); // ends the connection; no listener is called from now on
        super.onDestroy();
    }

    private class Listener extends WebSocketListener {
        @Override
        public void onConnect(WebSocket socket) {
            show("connected");
        }

        @Override
        public void onMessage(WebSocket socket, String text) {
            show(text);
        }

        @Override
        public void onRetry(WebSocket socket, CloseInfo info, int attempt, long delayMillis) {
            show(info.getMessage() + "; attempt " + attempt);
        }

        @Override
        public void onClose(WebSocket socket, CloseInfo info) {
            show(info.getMessage());
        }
    }

    private void say(String line) {
        ErrorCode result = socket.send(line);
        show(result == ErrorCode.OK ? "I: " + line : "not sent: " + result);
    }

    private void show(String line) {
        log.append(line + "\n");
    }

    private void showInput() {
        final EditText input = new EditText(this);
        input.setSingleLine();
        input.setImeOptions(EditorInfo.IME_ACTION_SEND);
        input.setOnEditorActionListener(new TextView.OnEditorActionListener() {
            @Override
            public boolean onEditorAction(TextView view, int action, KeyEvent event) {
                say(input.getText().toString());
                input.setText("");
                return true;
            }
        });
        LinearLayout layout = new LinearLayout(this);
        layout.setOrientation(LinearLayout.VERTICAL);
        layout.addView(input);
        layout.addView(log);
        setContentView(layout);
    }
}
