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
import org.jspecify.annotations.Nullable;

/** An inference port that is open, and how many routes start there. */
final class GatewayPort {
  /**
   * A client that does not read holds at most this much of its answer here, and as much again in
   * the read that was under way.
   */
  static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(32 * 1024, 64 * 1024);

  private final Channel listening;

  /** Guarded by the component. */
  int users;

  private GatewayPort(Channel listening) {
    this.listening = listening;
  }

  static GatewayPort open(
      String host,
      int port,
      HttpIngress ingress,
      Transport transport,
      EventLoopGroup loops,
      @Nullable SecurePort tls) {
    PlainPort plain = tls == null ? new PlainPort(ingress.ticker()) : null;
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
                    if (tls != null) {
                      tls.begin(channel, connection, ingress);
                    }
                    channel
                        .pipeline()
                        .addLast(
                            "decoder",
                            new GatewayDecoder(
                                decoderConfig(ingress.settings()), connection, plain))
                        .addLast("connection", connection);
                  }
                });
    transport.levelTriggered(bootstrap);
    try {
      Channel bound = bootstrap.bind(new InetSocketAddress(host, port)).sync().channel();
      ingress.bound(bound);
      return new GatewayPort(bound);
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

  private static HttpDecoderConfig decoderConfig(HttpSettings settings) {
    return new HttpDecoderConfig()
        .setMaxInitialLineLength(settings.maxLine())
        .setMaxHeaderSize(settings.maxHead())
        .setMaxChunkSize(64 * 1024)
        .setAllowDuplicateContentLengths(false);
  }

  void close() {
    listening.close().syncUninterruptibly();
  }
}
