package dev.caravan.time;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoopGroup;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class SchedulerTest {

  @Test
  void eventLoops_runWhatIsDue_andNotWhatIsCancelled() throws Exception {
    DefaultEventLoopGroup loops = new DefaultEventLoopGroup(1);
    try {
      Scheduler scheduler = Scheduler.on(loops);
      AtomicBoolean cancelledRan = new AtomicBoolean();
      CountDownLatch ran = new CountDownLatch(1);
      scheduler.schedule(() -> cancelledRan.set(true), 20).run();
      scheduler.schedule(ran::countDown, 40);
      assertThat(ran.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(cancelledRan).isFalse();
    } finally {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS);
    }
  }
}
