package dev.caravan.ingress;

import dev.caravan.upstream.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.net.InetSocketAddress;
import org.apache.camel.component.netty.NettyConsumer;
import org.apache.camel.component.netty.http.HttpServerBootstrapFactory;
import org.apache.camel.component.netty.http.NettyHttpConsumer;
import org.apache.camel.component.netty.http.handlers.HttpServerMultiplexChannelHandler;
import org.jspecify.annotations.Nullable;

/** Listens on the inference port as long as its route runs. */
final class GatewayServer extends HttpServerBootstrapFactory {
  /**
   * A client that does not read holds at most this much of its answer here, and as much again in
   * the read that was under way.
   */
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(32 * 1024, 64 * 1024);

  private final NettyHttpConsumer consumer;
  private final HttpIngress ingress;
  private final Transport transport;
  private final EventLoopGroup loops;
  private @Nullable Channel listening;

  GatewayServer(
      NettyHttpConsumer consumer, HttpIngress ingress, Transport transport, EventLoopGroup loops) {
    super(new HttpServerMultiplexChannelHandler(), false);
    this.consumer = consumer;
    this.ingress = ingress;
    this.transport = transport;
    this.loops = loops;
  }

  @Override
  public void addConsumer(NettyConsumer started) {
    ingress.entry(new CamelEntry(consumer));
  }

  @Override
  public void removeConsumer(NettyConsumer stopped) {
    ingress.entry(null);
  }

  @Override
  protected void doStart() throws Exception {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops, loops)
            .channelFactory(transport.serverChannels())
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 4096)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    HttpConnection connection = new HttpConnection(ingress);
                    channel
                        .pipeline()
                        .addLast("decoder", new GatewayDecoder(decoderConfig(), connection))
                        .addLast("connection", connection);
                  }
                });
    transport.levelTriggered(bootstrap);
    String host = consumer.getConfiguration().getHost();
    int port = consumer.getConfiguration().getPort();
    try {
      Channel bound = bootstrap.bind(new InetSocketAddress(host, port)).sync().channel();
      listening = bound;
      ingress.bound(bound);
    } catch (Exception e) {
      // Quarkus prints the message of this type alone, without a trace.
      throw new ConfigurationException(
          "Cannot listen on "
              + host
              + ":"
              + port
              + ": "
              + (String.valueOf(e.getMessage()).contains("in use")
                  ? "the port is in use; choose another with -Dcaravan.http.port"
                  : e.getMessage()));
    }
  }

  private HttpDecoderConfig decoderConfig() {
    HttpSettings settings = ingress.settings();
    return new HttpDecoderConfig()
        .setMaxInitialLineLength(settings.maxLine())
        .setMaxHeaderSize(settings.maxHead())
        .setMaxChunkSize(64 * 1024)
        .setAllowDuplicateContentLengths(false);
  }

  @Override
  protected void doStop() {
    Channel bound = listening;
    listening = null;
    if (bound != null) {
      bound.close().syncUninterruptibly();
    }
    ingress.closeAll();
  }
}
