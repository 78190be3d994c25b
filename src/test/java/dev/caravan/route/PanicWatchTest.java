package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Pool;
import dev.caravan.health.HandTicker;
import dev.caravan.request.AnyRequest;
import dev.caravan.testing.CapturedLog;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.HeaderLines;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.Test;

class PanicWatchTest {
  private static final String ON =
      "WARN pool llama: panic, too few servers are usable: those of which health is not certain"
          + " are used as well";
  private static final String OFF = "INFO pool llama: panic is over";

  private final HandTicker ticker = new HandTicker();
  private final PanicWatch watch = new PanicWatch(ticker);
  private final Pool pool = new Pool("llama");
  private final Call call =
      new Call(AnyRequest.chat(), "id", new EmbeddedChannel().eventLoop(), HeaderLines.NONE);

  PanicWatchTest() {
    call.pool(pool);
  }

  @Test
  void picked_entersAndLeaves_isSaidOnceEach_andEveryPickIsCounted() {
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      watch.picked(call, false);
      assertThat(log.lines()).isEmpty();
      for (int i = 0; i < 10; i++) {
        watch.picked(call, true);
      }
      ticker.pass(1_000);
      watch.picked(call, false);
      watch.picked(call, false);
      assertThat(log.lines()).containsExactly(ON, OFF);
    }
    assertThat(pool.panicPicks()).isEqualTo(10);
  }

  @Test
  void picked_wavers_isSaidOnceASecond_andInTheEndHowItIs() {
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      for (int i = 0; i < 1_000; i++) {
        watch.picked(call, i % 2 == 0);
      }
      assertThat(log.lines()).containsExactly(ON);
      ticker.pass(999);
      watch.picked(call, false);
      assertThat(log.lines()).hasSize(1);
      ticker.pass(1);
      watch.picked(call, false);
      assertThat(log.lines()).containsExactly(ON, OFF);
    }
  }
}
