package dev.caravan.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.Ports;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoopGroup;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NoRouteToHostException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReasonsTest {

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void refused_nobodyListens_isCertain(boolean best) throws Exception {
    Transport transport = best ? Transport.best() : Transport.nio();
    EventLoopGroup loops = transport.eventLoops(1, "test");
    try {
      Throwable failure =
          new Bootstrap()
              .group(loops)
              .channelFactory(transport.clientChannels())
              .handler(new ChannelInboundHandlerAdapter())
              .connect(InetAddress.getLoopbackAddress(), Ports.free())
              .awaitUninterruptibly()
              .cause();
      assertThat(Reasons.refused(Objects.requireNonNull(failure))).isTrue();
      assertThat(Reasons.of(failure)).isEqualTo("connection refused");
    } finally {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
  }

  @Test
  void refused_anythingElse_isNot() {
    assertThat(Reasons.refused(new ConnectTimeoutException("connection refused to be made")))
        .isFalse();
    assertThat(Reasons.refused(new ConnectException("Network is unreachable"))).isFalse();
    assertThat(Reasons.refused(new ConnectException())).isFalse();
    assertThat(Reasons.refused(new NoRouteToHostException("No route to host"))).isFalse();
    assertThat(Reasons.of(new ConnectException("Network is unreachable"))).isEqualTo("unreachable");
  }
}
