package dev.caravan.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.Together;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class FleetTest {
  private static final URI URL = URI.create("http://10.0.0.11:8000");

  @Test
  void register_newName_makesTheServerAndTellsOnce() {
    List<Backend> newcomers = new ArrayList<>();
    Fleet fleet = new Fleet(newcomers::add);
    Backend made = fleet.register(BackendSpec.of("gpu-a", URL));
    assertThat(newcomers).containsExactly(made);
    assertThat(fleet.find("gpu-a")).isSameAs(made);
    assertThat(fleet.all()).containsExactly(made);
  }

  @Test
  void register_knownName_keepsStateAndTakesTheNewSpecification() {
    List<Backend> newcomers = new ArrayList<>();
    Fleet fleet = new Fleet(newcomers::add);
    Backend backend = fleet.register(BackendSpec.of("gpu-a", URL));
    Lease lease = Objects.requireNonNull(Lease.open(backend, "llama", () -> 0));
    backend.availability(Availability.down("drained"));

    BackendSpec heavier = new BackendSpec("gpu-a", URL, 4, 8, null, null, null, Map.of());
    assertThat(fleet.register(heavier)).isSameAs(backend);
    assertThat(backend.spec()).isEqualTo(heavier);
    assertThat(backend.inflight()).isEqualTo(1);
    assertThat(backend.availability().reason()).isEqualTo("drained");
    assertThat(newcomers).hasSize(1);
    assertThat(lease.closed()).isFalse();
  }

  @Test
  void find_unknownName_isNull() {
    assertThat(new Fleet(newcomer -> {}).find("gpu-z")).isNull();
  }

  @Test
  void register_fourThreadsSameName_makesOne() {
    for (int i = 0; i < 200; i++) {
      AtomicInteger newcomers = new AtomicInteger();
      Fleet fleet = new Fleet(newcomer -> newcomers.incrementAndGet());
      List<Backend> made = Together.run(4, () -> fleet.register(BackendSpec.of("gpu-a", URL)));
      assertThat(newcomers).hasValue(1);
      assertThat(made).containsOnly(made.get(0));
    }
  }

  @Test
  void toString_secretAndSpecification_hideTheKey() {
    Secret key = new Secret("sk-canary");
    BackendSpec spec = new BackendSpec("gpu-a", URL, 1, 1, null, key, null, Map.of());
    assertThat(key.reveal()).isEqualTo("sk-canary");
    assertThat(spec.toString()).doesNotContain("sk-canary").contains("***");
  }

  @Test
  void remove_server_isToldOnceAndItsNameIsFree() {
    List<Backend> leavers = new ArrayList<>();
    Fleet fleet = new Fleet(newcomer -> {}, leavers::add);
    Backend first = fleet.register(BackendSpec.of("gpu-a", URL));
    assertThat(fleet.remove(first)).isTrue();
    assertThat(fleet.remove(first)).isFalse();
    assertThat(leavers).containsExactly(first);
    assertThat(fleet.all()).isEmpty();
    Backend second = fleet.register(BackendSpec.of("gpu-a", URL));
    assertThat(second).isNotSameAs(first);
    assertThat(fleet.remove(first)).as("another of the same name").isFalse();
    assertThat(fleet.find("gpu-a")).isSameAs(second);
  }

  @Test
  void respecify_pool_leavesServersThatItNamesNoMore() {
    Backend stays = new Backend(BackendSpec.of("gpu-a", URL));
    Backend goes = new Backend(BackendSpec.of("gpu-b", URL));
    Pool pool = new Pool("llama");
    Pool other = new Pool("other");
    pool.respecify(PoolPolicy.DEFAULT, List.of(stays, goes));
    other.respecify(PoolPolicy.DEFAULT, List.of(goes));
    pool.respecify(PoolPolicy.DEFAULT, List.of(stays));
    assertThat(stays.pools()).containsExactly(pool);
    assertThat(goes.pools()).containsExactly(other);
  }
}
