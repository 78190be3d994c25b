package dev.caravan.route.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.route.server.Servers.Mention;
import dev.caravan.upstream.TlsClients;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ServersTest {
  private final List<String> told = new ArrayList<>();
  private final Fleet fleet =
      new Fleet(
          backend -> told.add("joined " + backend), backend -> told.add("removed " + backend));
  private final Servers servers =
      new Servers(
          fleet,
          new TlsClients(),
          name -> null,
          (name, drain) -> told.add(name + " drain=" + drain));

  private Mention says(String name, String... more) {
    Map<String, String> given = new TreeMap<>(Map.of("url", "http://10.0.0.1:80"));
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    return new Mention(name, servers.said(name, given));
  }

  private void change(Mention... mentions) {
    servers.stage();
    for (Mention mention : mentions) {
      servers.named(mention.name(), mention.said());
    }
    servers.commit(servers.plan(List.of(mentions)));
  }

  @Test
  void stage_untilCommit_changesNothingOfAKnownServer() {
    change(says("gpu-a", "weight", "1"));
    Backend backend = Objects.requireNonNull(fleet.find("gpu-a"));
    Servers.Server before = servers.find("gpu-a");
    servers.stage();
    Mention heavier = says("gpu-a", "weight", "5");
    assertThat(servers.named("gpu-a", heavier.said()).backend()).isSameAs(backend);
    Servers.Plan plan = servers.plan(List.of(heavier));
    assertThat(backend.spec().weight()).isEqualTo(1);
    assertThat(servers.find("gpu-a")).isSameAs(before);
    servers.commit(plan);
    assertThat(backend.spec().weight()).isEqualTo(5);
    assertThat(Objects.requireNonNull(servers.find("gpu-a")).backend()).isSameAs(backend);
    assertThat(servers.find("gpu-a")).isNotSameAs(before);
  }

  @Test
  void commit_sameWords_keepsTheServerAndItsConnections() {
    change(says("gpu-a"));
    Servers.Server before = servers.find("gpu-a");
    told.clear();
    change(says("gpu-a"), new Mention("gpu-a", null));
    assertThat(servers.find("gpu-a")).isSameAs(before);
    assertThat(told).isEmpty();
  }

  @Test
  void drop_newServer_isForgotten() {
    change(says("gpu-a"));
    told.clear();
    servers.stage();
    servers.named("gpu-b", says("gpu-b").said());
    servers.drop();
    assertThat(told).containsExactly("joined gpu-b", "removed gpu-b");
    assertThat(servers.find("gpu-b")).isNull();
    assertThat(fleet.all()).extracting(Backend::name).containsExactly("gpu-a");
  }

  @Test
  void commit_namedNoMore_drainsAndGoesWhenEmpty() {
    change(says("gpu-a"), says("gpu-b"));
    Backend leaver = Objects.requireNonNull(fleet.find("gpu-b"));
    Lease lease = Objects.requireNonNull(Lease.open(leaver, "llama", () -> 0));
    told.clear();
    change(says("gpu-a"));
    assertThat(told).as("requests of the old route may have no other").isEmpty();
    assertThat(servers.sweep(name -> true)).isEmpty();
    assertThat(told).isEmpty();
    assertThat(servers.leaving()).containsExactly("gpu-b");
    assertThat(servers.all()).extracting(each -> each.spec().name()).containsExactly("gpu-a");
    assertThat(servers.find("gpu-b")).as("for requests that are there").isNotNull();
    assertThat(servers.sweep(name -> false)).isEmpty();
    assertThat(told).containsExactly("gpu-b drain=true");
    assertThat(servers.sweep(name -> false)).as("it holds a request").isEmpty();
    lease.close(new Outcome.Completed(200));
    assertThat(servers.sweep(name -> false)).as("whoever learns may still learn").isEmpty();
    assertThat(servers.sweep(name -> true)).as("an old route names it").isEmpty();
    assertThat(servers.sweep(name -> false)).isEmpty();
    assertThat(servers.sweep(name -> false)).containsExactly("gpu-b");
    assertThat(told).containsExactly("gpu-b drain=true", "removed gpu-b");
    assertThat(servers.find("gpu-b")).isNull();
    assertThat(servers.leaving()).isEmpty();
  }

  @Test
  void commit_namedAgainBeforeItIsGone_isTheSameServer() {
    change(says("gpu-a"), says("gpu-b"));
    Backend backend = fleet.find("gpu-b");
    change(says("gpu-a"));
    assertThat(servers.sweep(name -> false)).isEmpty();
    told.clear();
    change(says("gpu-a"), says("gpu-b"));
    assertThat(told).containsExactly("gpu-b drain=false");
    assertThat(fleet.find("gpu-b")).isSameAs(backend);
    assertThat(servers.leaving()).isEmpty();
    assertThat(servers.sweep(name -> false)).isEmpty();
    assertThat(servers.sweep(name -> false)).isEmpty();
  }

  @Test
  void plan_severalSaySomething_theLastCounts() {
    change(says("gpu-a", "weight", "2"), new Mention("gpu-a", null), says("gpu-a", "weight", "7"));
    assertThat(Objects.requireNonNull(fleet.find("gpu-a")).spec().weight()).isEqualTo(7);
    change(says("gpu-a", "weight", "2"), new Mention("gpu-a", null));
    assertThat(Objects.requireNonNull(fleet.find("gpu-a")).spec().weight()).isEqualTo(2);
  }

  @Test
  void named_byNobodyWithAUrl_isRefused() {
    servers.stage();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> servers.named("gpu-a", null))
        .withMessageContaining("url is missing");
    servers.drop();
  }
}
