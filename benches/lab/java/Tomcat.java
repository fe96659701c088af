import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLContext;
import javax.websocket.ClientEndpointConfig;
import javax.websocket.Endpoint;
import javax.websocket.EndpointConfig;
import javax.websocket.MessageHandler;
import javax.websocket.Session;
import org.apache.tomcat.websocket.WsWebSocketContainer;

/** The client of Tomcat, used through Java's standard WebSocket interface (JSR 356). Its sends block. */
final class Tomcat implements Contender {
    private static final int MAX_BYTES = 1 << 18;

    private final WsWebSocketContainer container = new WsWebSocketContainer();
    private final SSLContext tls;

    Tomcat(String authority) throws Exception {
        tls = authority == null ? null : Lab.tls(authority);
        container.setDefaultMaxTextMessageBufferSize(MAX_BYTES);
        container.setDefaultMaxBinaryMessageBufferSize(MAX_BYTES);
    }

    @Override
    public void run(String url, Workload work) throws Exception {
        ClientEndpointConfig config = ClientEndpointConfig.Builder.create().build();
        if (tls != null) config.getUserProperties().put("org.apache.tomcat.websocket.SSL_CONTEXT", tls);
        Session session = container.connectToServer(new Events(work), config, URI.create(url));
        work.await();
        session.close();
    }

    private static final class Events extends Endpoint {
        private final Workload work;

        Events(Workload work) {
            this.work = work;
        }

        @Override
        public void onOpen(Session session, EndpointConfig config) {
            session.addMessageHandler(String.class, (MessageHandler.Whole<String>) text -> {
                if (work.received(text)) send(session);
            });
            session.addMessageHandler(ByteBuffer.class, (MessageHandler.Whole<ByteBuffer>) data -> {
                if (work.received(data)) send(session);
            });
            work.begin();
            try {
                if (work.introduction() != null) session.getBasicRemote().sendText(work.introduction());
            } catch (IOException failed) {
                work.fail(failed);
            }
            if (work.mode == Workload.Mode.PING_PONG) send(session);
            while (work.mode == Workload.Mode.SEND && work.hasMore()) send(session);
        }

        private void send(Session session) {
            try {
                if (work.isText) session.getBasicRemote().sendText(work.nextText());
                else session.getBasicRemote().sendBinary(ByteBuffer.wrap(work.nextBytes()));
            } catch (IOException failed) {
                work.fail(failed);
            }
        }

        @Override
        public void onError(Session session, Throwable thrown) {
            work.fail(thrown);
        }
    }
}
