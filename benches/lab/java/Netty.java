import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import java.io.File;
import java.net.URI;
import javax.net.ssl.SSLParameters;

/** Netty with NIO and the JDK's TLS. One thread does everything. */
final class Netty implements Contender {
    private static final int MAX_BYTES = 1 << 20;
    /** A flood is flushed after this number of bytes; otherwise each message would be one write. */
    private static final int FLUSHED_BYTES = 1 << 16;

    private final EventLoopGroup group = new NioEventLoopGroup(1);
    private final SslContext tls;

    Netty(String authority) throws Exception {
        tls = authority == null ? null : SslContextBuilder.forClient().trustManager(new File(authority)).build();
    }

    @Override
    public void run(String url, Workload work) throws Exception {
        URI uri = URI.create(url);
        Bootstrap bootstrap = new Bootstrap().group(group).channel(NioSocketChannel.class).option(ChannelOption.TCP_NODELAY, true);
        Channel channel = bootstrap.handler(new ChannelInitializer<SocketChannel>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                if (tls != null) channel.pipeline().addLast(secure(channel, uri));
                channel.pipeline().addLast(new HttpClientCodec(), new HttpObjectAggregator(8192),
                        new WebSocketClientProtocolHandler(WebSocketClientHandshakerFactory.newHandshaker(
                                uri, WebSocketVersion.V13, null, false, new DefaultHttpHeaders(), MAX_BYTES)),
                        new WebSocketFrameAggregator(MAX_BYTES), new Handler(work));
            }
        }).connect(uri.getHost(), uri.getPort()).sync().channel();
        work.await();
        channel.close().sync();
    }

    private SslHandler secure(SocketChannel channel, URI uri) {
        SslHandler handler = tls.newHandler(channel.alloc(), uri.getHost(), uri.getPort());
        SSLParameters parameters = handler.engine().getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        handler.engine().setSSLParameters(parameters);
        return handler;
    }

    private static final class Handler extends SimpleChannelInboundHandler<WebSocketFrame> {
        private final Workload work;

        Handler(Workload work) {
            this.work = work;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event != WebSocketClientProtocolHandler.ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) return;
            work.begin();
            if (work.introduction() != null) context.writeAndFlush(new TextWebSocketFrame(work.introduction()));
            if (work.mode == Workload.Mode.PING_PONG) context.writeAndFlush(next(context));
            if (work.mode == Workload.Mode.SEND) flood(context);
        }

        private WebSocketFrame next(ChannelHandlerContext context) {
            if (work.isText) return new TextWebSocketFrame(work.nextText());
            ByteBuf buffer = context.alloc().buffer(work.size); // the buffer may be written later, so it must not be a view of the array
            return new BinaryWebSocketFrame(buffer.writeBytes(work.nextBytes()));
        }

        private void flood(ChannelHandlerContext context) {
            int unflushed = 0;
            while (work.hasMore() && context.channel().isWritable()) {
                context.write(next(context), context.voidPromise());
                unflushed += work.size;
                if (unflushed < FLUSHED_BYTES) continue;
                context.flush();
                unflushed = 0;
            }
            context.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            if (work.mode == Workload.Mode.SEND && context.channel().isWritable()) context.executor().execute(() -> flood(context));
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
            boolean answers;
            if (frame instanceof TextWebSocketFrame) {
                answers = work.received(((TextWebSocketFrame) frame).text());
            } else {
                ByteBuf data = frame.content();
                if (work.isDue(data.readableBytes()))
                    work.verify(data.getLongLE(data.readerIndex()), data.getLongLE(data.writerIndex() - 8));
                answers = work.next();
            }
            if (answers) context.writeAndFlush(next(context));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable thrown) {
            work.fail(thrown);
        }
    }
}
