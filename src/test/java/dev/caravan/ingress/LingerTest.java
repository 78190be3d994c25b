package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.admission.Admission;
import dev.caravan.admission.Limits;
import dev.caravan.tenant.Access;
import dev.caravan.time.Ticker;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What only a real socket shows: whether the last bytes arrive. */
class LingerTest {
  private static final int LARGE = 16 << 20; // far beyond what the sockets' buffers hold

  @Test
  @Timeout(60)
  void close_behindAnAnswerThatTheSocketCannotTakeAtOnce_losesNothing() throws Exception {
    NioEventLoopGroup loops = new NioEventLoopGroup(1);
    HttpIngress ingress =
        new HttpIngress(
            Door.SETTINGS,
            Door.finder(new ConversationSettings(List.of(), List.of(), null)),
            new Door().ingress.catalog(),
            (c, i, p, s, o, t, b) -> {},
            s -> "id-1",
            new Admission(Limits.NONE, new Door.NoMemory(), Ticker.system()),
            Access.open(),
            Ticker.system(),
            null);
    ingress.entry((call, headers, reply) -> reply.ok(new byte[LARGE]));
    try {
      Channel server =
          new ServerBootstrap()
              .group(loops)
              .channel(NioServerSocketChannel.class)
              .childHandler(
                  new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      Door.install(channel.pipeline(), ingress);
                    }
                  })
              .bind(InetAddress.getLoopbackAddress(), 0)
              .sync()
              .channel();
      int port = ((InetSocketAddress) server.localAddress()).getPort();
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
        client
            .getOutputStream()
            .write(Door.post("{\"model\":\"m\"}", "connection: close\r\n").getBytes(ISO_8859_1));
        InputStream in = client.getInputStream();
        byte[] all = in.readAllBytes();
        String start = new String(all, 0, 400, ISO_8859_1);
        int body = start.indexOf("\r\n\r\n") + 4;
        assertThat(start).startsWith("HTTP/1.1 200 ").contains("connection: close");
        assertThat(all.length - body).isEqualTo(LARGE);
      }
    } finally {
      loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).await();
    }
  }
}
