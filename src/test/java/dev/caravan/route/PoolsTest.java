package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.PoolPolicy;
import dev.caravan.ingress.ModelCatalog;
import dev.caravan.time.LogThrottle;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.support.AsyncProcessorConverterHelper;
import org.junit.jupiter.api.Test;

class PoolsTest {
  private static final AsyncProcessor ROUTE = AsyncProcessorConverterHelper.convert(exchange -> {});

  private final Pools pools = new Pools(() -> 7_500);

  @Test
  void open_nameAndAliases_areServedByOnePool() {
    pools.open("llama", Set.of("gpt-4o", "gpt-4o-mini"), ROUTE, PoolPolicy.DEFAULT, List.of());
    assertThat(pools.serving("gpt-4o")).isSameAs(pools.serving("llama"));
    assertThat(pools.serving("gpt")).isNull();
    assertThat(pools.names()).containsExactly("llama");
    assertThat(pools.all())
        .extracting(ModelCatalog.Entry::id)
        .containsExactly("gpt-4o", "gpt-4o-mini", "llama");
    assertThat(Objects.requireNonNull(pools.find("gpt-4o")).createdSeconds()).isEqualTo(7);
  }

  @Test
  void open_takenName_changesNothing() {
    pools.open("llama", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of());
    assertThatThrownBy(
            () -> pools.open("other", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("pool:other")
        .hasMessageContaining("pool:llama");
    assertThatThrownBy(() -> pools.open("gpt", Set.of(), ROUTE, PoolPolicy.DEFAULT, List.of()))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(
            () -> pools.open("mine", Set.of("mine"), ROUTE, PoolPolicy.DEFAULT, List.of()))
        .isInstanceOf(IllegalStateException.class);
    assertThat(pools.names()).containsExactly("llama");
    assertThat(pools.serving("other")).isNull();
    assertThat(pools.serving("mine")).isNull();
  }

  @Test
  void close_pool_freesItsNamesOnly() {
    pools.open("llama", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of());
    pools.open("mistral", Set.of(), ROUTE, PoolPolicy.DEFAULT, List.of());
    pools.close("llama");
    pools.close("nobody");
    assertThat(pools.names()).containsExactly("mistral");
    pools.open("gpt", Set.of(), ROUTE, PoolPolicy.DEFAULT, List.of());
    assertThat(pools.names()).containsExactly("gpt", "mistral");
  }

  @Test
  void logThrottle_moreThanOneASecond_countsTheRest() {
    AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5); // overflows soon
    LogThrottle throttle = new LogThrottle(clock::get);
    assertThat(throttle.enter()).isZero();
    assertThat(throttle.enter()).isEqualTo(-1);
    assertThat(throttle.enter()).isEqualTo(-1);
    clock.addAndGet(999_999_999);
    assertThat(throttle.enter()).isEqualTo(-1);
    clock.addAndGet(1);
    assertThat(throttle.enter()).isEqualTo(3);
    clock.addAndGet(5_000_000_000L);
    assertThat(throttle.enter()).isZero();
  }
}
