package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.ingress.ModelCatalog;
import dev.caravan.time.LogThrottle;
import java.util.ArrayList;
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
    pools.open(
        "llama", "llama", Set.of("gpt-4o", "gpt-4o-mini"), ROUTE, PoolPolicy.DEFAULT, List.of());
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
    pools.open("llama", "llama", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of());
    assertThatThrownBy(
            () -> pools.open("other", "other", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("pool:other")
        .hasMessageContaining("pool:llama");
    assertThatThrownBy(
            () -> pools.open("gpt", "gpt", Set.of(), ROUTE, PoolPolicy.DEFAULT, List.of()))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(
            () -> pools.open("mine", "mine", Set.of("mine"), ROUTE, PoolPolicy.DEFAULT, List.of()))
        .isInstanceOf(IllegalStateException.class);
    assertThat(pools.names()).containsExactly("llama");
    assertThat(pools.serving("other")).isNull();
    assertThat(pools.serving("mine")).isNull();
  }

  @Test
  void close_pool_freesItsNamesOnly() {
    pools.open("llama", "llama", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of());
    pools.open("mistral", "mistral", Set.of(), ROUTE, PoolPolicy.DEFAULT, List.of());
    pools.close("llama");
    pools.close("nobody");
    assertThat(pools.names()).containsExactly("mistral");
    pools.open("gpt", "gpt", Set.of(), ROUTE, PoolPolicy.DEFAULT, List.of());
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

  private Pools.Open serving(String model) {
    return Objects.requireNonNull(pools.serving(model), model);
  }

  @Test
  void stage_untilCommit_isNotSeen() {
    pools.open("old", "llama", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of());
    pools.open("stays", "mistral", Set.of(), ROUTE, PoolPolicy.DEFAULT, List.of());
    Pools.Open before = serving("llama");
    Pools.Open beside = serving("mistral");
    pools.stage("old"::equals);
    pools.open("new", "llama", Set.of("gpt-4"), ROUTE, PoolPolicy.DEFAULT, List.of());
    assertThat(pools.serving("gpt-4")).isNull();
    assertThat(serving("llama")).isSameAs(before);
    pools.commit();
    assertThat(serving("llama")).isNotSameAs(before).isSameAs(serving("gpt-4"));
    assertThat(serving("llama").pool()).as("its counts live on").isSameAs(before.pool());
    assertThat(pools.serving("gpt")).isNull();
    assertThat(serving("mistral")).isSameAs(beside);
    pools.close("old");
    assertThat(serving("llama").by()).isEqualTo("new");
  }

  @Test
  void drop_staged_changesNothing() {
    pools.open("old", "llama", Set.of(), ROUTE, PoolPolicy.DEFAULT, List.of());
    pools.stage("old"::equals);
    pools.open("new", "llama", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of());
    pools.drop();
    pools.close("new");
    assertThat(serving("llama").by()).isEqualTo("old");
    assertThat(pools.serving("gpt")).isNull();
  }

  @Test
  void stage_nameOfARouteThatStays_isTaken() {
    pools.open("stays", "llama", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of());
    pools.stage(by -> false);
    assertThatThrownBy(
            () -> pools.open("new", "other", Set.of("gpt"), ROUTE, PoolPolicy.DEFAULT, List.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("taken by pool:llama");
    pools.drop();
    assertThat(pools.names()).containsExactly("llama");
  }

  @Test
  void commit_poolWithoutARoute_isMeantByOldRoutesUntilItsOwnStops() {
    List<String> gone = new ArrayList<>();
    Pools told =
        new Pools(
            () -> 0,
            new Pools.Listener() {
              @Override
              public void made(Pool pool) {}

              @Override
              public void gone(Pool pool) {
                gone.add(pool.name());
              }
            });
    told.open("old", "llama", Set.of(), ROUTE, PoolPolicy.DEFAULT, List.of());
    Pool pool = Objects.requireNonNull(told.serving("llama")).pool();
    pool.enter();
    told.stage("old"::equals);
    told.commit();
    assertThat(told.serving("llama")).isNull();
    assertThat(told.meant("llama")).isNotNull();
    told.forgetIdle();
    told.close("old");
    assertThat(told.meant("llama")).isNull();
    told.forgetIdle();
    assertThat(gone).as("it has a request").isEmpty();
    pool.leave();
    told.forgetIdle();
    told.forgetIdle();
    assertThat(gone).containsExactly("llama");
  }
}
