package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoopGroup;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ProbeTimerTest {

  @Test
  void eventLoops_runWhatIsDue_andNotWhatIsCancelled() throws Exception {
    DefaultEventLoopGroup loops = new DefaultEventLoopGroup(1);
    try {
      ProbeTimer timer = ProbeTimer.on(loops);
      AtomicBoolean cancelledRan = new AtomicBoolean();
      CountDownLatch ran = new CountDownLatch(1);
      timer.schedule(() -> cancelledRan.set(true), 20).run();
      timer.schedule(ran::countDown, 40);
      assertThat(ran.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(cancelledRan).isFalse();
    } finally {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS);
    }
  }
}
