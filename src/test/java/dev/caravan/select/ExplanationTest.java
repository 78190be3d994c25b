package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Gate;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.PoolPolicy.Affinity.Stickiness;
import dev.caravan.fleet.ServerState;
import dev.caravan.fleet.Work;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.Api;
import dev.caravan.request.Conversation;
import dev.caravan.request.Conversation.Source;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import dev.caravan.select.Explanation.Server;
import dev.caravan.select.Explanation.Verdict;
import dev.caravan.select.Selection.Basis;
import dev.caravan.select.Selection.Selected;
import dev.caravan.time.Chance;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ExplanationTest {
  private static final Affinity SOFT = new Affinity(Stickiness.SOFT, 125);
  private static final Affinity STRICT = new Affinity(Stickiness.STRICT, 125);
  private static final Availability DOWN = Availability.down("no answer to a probe");

  private final InferenceRequest request = AnyRequest.chat();
  private final InferenceRequest talk = request.in(Conversation.ofHash(Source.HEADER, 77));

  private static Backend[] servers(int count) {
    Backend[] servers = new Backend[count];
    for (int i = 0; i < count; i++) {
      servers[i] = Road.server("gpu-" + (char) ('a' + i), 1, BackendSpec.UNLIMITED);
    }
    return servers;
  }

  private static void hold(Backend server, int requests) {
    for (int i = 0; i < requests; i++) {
      assertThat(Lease.open(server, "llama", () -> 0)).isNotNull();
    }
  }

  private static Selector balancer(String name) {
    return balancer(name, 1);
  }

  /** One whose clock stands still. */
  private static Selector balancer(String name, long seed) {
    return Balancers.named(
        name, new Means(Chance.seeded(seed), () -> 0, new PrefixIndex(PrefixIndex.SMALL)));
  }

  private Explanation explain(String balancer, Backend... servers) {
    return balancer(balancer).explain(request, servers, 0, Affinity.OFF, Selector.NO_HOME);
  }

  private Explanation homely(Affinity affinity, Backend... servers) {
    return balancer("round-robin").explain(talk, servers, 0, affinity, Selector.NO_HOME);
  }

  private static Server server(Explanation why, String name) {
    return why.servers().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }

  // ---- what it says is what happens

  /** Anything happens to six servers; before each pick, one selector is asked for its next. */
  @ParameterizedTest
  @MethodSource("dev.caravan.select.Balancers#names")
  void explain_anything_isWhatTheNextPickDoes_andChangesNoPick(String name) {
    Selector asked = balancer(name, 5);
    Selector unasked = balancer(name, 5);
    Chance chance = Chance.seeded(17);
    Backend[] servers = servers(6);
    List<Lease> open = new ArrayList<>();
    int determined = 0;
    for (int i = 0; i < 5_000; i++) {
      happen(servers[chance.below(6)], chance);
      InferenceRequest any =
          request.in(Conversation.ofHash(Source.HEADER, 1 + chance.below(1_000)));
      Affinity affinity = i % 5 == 0 ? SOFT : Affinity.OFF;
      Explanation foretold = asked.explain(any, servers, 50, affinity, Selector.NO_HOME);
      Selection picked = asked.select(any, servers, Tried.NONE, 50, affinity);
      assertThat(unasked.select(any, servers, Tried.NONE, 50, affinity)).isEqualTo(picked);
      if (!(picked instanceof Selected chosen)) {
        assertThat(foretold.basis()).as(foretold.why()).isNull();
        assertThat(foretold.winner()).isNull();
        continue;
      }
      assertThat(foretold.basis()).isEqualTo(chosen.basis());
      assertThat(foretold.panic()).isEqualTo(chosen.panic());
      String name0 = chosen.backend().name();
      if (foretold.winner() == null) {
        assertThat(foretold.lot()).as(foretold.why()).contains(name0).hasSizeGreaterThan(1);
      } else {
        determined++;
        assertThat(foretold.winner()).as(foretold.why()).isEqualTo(name0);
        assertThat(foretold.lot()).isEmpty();
      }
      Lease lease = Lease.open(chosen.backend(), "llama", () -> 0, chosen.work());
      open.add(Objects.requireNonNull(lease));
      if (open.size() > 20) {
        assertThat(open.remove(chance.below(open.size())).close(new Completed(200))).isTrue();
      }
    }
    assertThat(determined).isGreaterThan(900);
  }

  private static void happen(Backend server, Chance chance) {
    switch (chance.below(4)) {
      case 0 ->
          server.availability(
              switch (chance.below(6)) {
                case 0 -> DOWN;
                case 1 -> new Availability(ServerState.DOWN, Use.LAST_RESORT, "it failed", 5);
                case 2 -> new Availability(ServerState.BUSY, Use.ANY, "it queues", 5);
                default -> Availability.UP;
              });
      case 1 -> {
        double share = (1 + chance.below(8)) / 8.0;
        server.share(() -> share);
      }
      case 2 -> server.gate(chance.below(4) == 0 ? () -> false : Gate.NONE);
      default -> {}
    }
  }

  @ParameterizedTest
  @MethodSource("dev.caravan.select.Balancers#names")
  void select_toldWhy_isTheSameChoice_asTold(String name) {
    Selector told = balancer(name, 5);
    Selector silent = balancer(name, 5);
    Backend[] servers = servers(5);
    servers[3].share(() -> 0.3);
    servers[4].availability(DOWN);
    Chance chance = Chance.seeded(3);
    for (int i = 0; i < 500; i++) {
      hold(servers[chance.below(4)], 1);
      List<Explanation> why = new ArrayList<>();
      Selection picked =
          told.select(request, servers, Tried.NONE, 0, Affinity.OFF, Selector.NO_HOME, why::add);
      assertThat(silent.select(request, servers, Tried.NONE, 0)).isEqualTo(picked);
      assertThat(why).hasSize(1);
      assertThat(why.get(0).winner()).isEqualTo(((Selected) picked).backend().name());
      assertThat(why.get(0).why()).isNotBlank().doesNotContain("to be");
    }
  }

  // ---- in words

  @Test
  void leastInflight_namesTheMeasure_andTheNext() {
    Backend[] servers = servers(3);
    hold(servers[0], 7);
    hold(servers[1], 2);
    hold(servers[2], 3);
    Explanation why = explain("least-inflight", servers);
    assertThat(why.winner()).isEqualTo("gpu-b");
    assertThat(why.why()).isEqualTo("lowest least-inflight: 2 requests, next gpu-c 3 requests");
    assertThat(server(why, "gpu-a").scorers())
        .containsExactly(new Explanation.Measure("least-inflight", 7, "requests", 0.125));
    assertThat(server(why, "gpu-a").load()).as("the row does not go by it").isNull();
    assertThat(why.line())
        .isEqualTo(
            "gpu-b by least-inflight (3 of 3 eligible): lowest least-inflight: 2 requests, next"
                + " gpu-c 3 requests");
  }

  @Test
  void leastInflight_equals_areDrawn() {
    Backend[] servers = servers(3);
    hold(servers[0], 1);
    Explanation why = explain("least-inflight", servers);
    assertThat(why.winner()).isNull();
    assertThat(why.lot()).containsExactly("gpu-b", "gpu-c");
    assertThat(why.why())
        .isEqualTo(
            "to be drawn by lot among 2 equals, gpu-b, gpu-c, each with least-inflight: 0"
                + " requests");
    List<Explanation> told = new ArrayList<>();
    balancer("least-inflight")
        .select(request, servers, Tried.NONE, 0, Affinity.OFF, Selector.NO_HOME, told::add);
    assertThat(told.get(0).why()).startsWith("drawn by lot among 2 equals");
    assertThat(told.get(0).winner()).isIn("gpu-b", "gpu-c");
  }

  @Test
  void slowStart_dueAndNotDue_areSaid() {
    Backend[] servers = servers(2);
    hold(servers[0], 1);
    servers[1].share(() -> 0.5);
    Selector selector = balancer("least-inflight");
    List<String> why = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      selector.select(
          request, servers, Tried.NONE, 0, Affinity.OFF, Selector.NO_HOME, e -> why.add(e.why()));
    }
    assertThat(why)
        .containsExactly(
            "lowest least-inflight: 1 request; gpu-b, in its slow start, is not due one",
            "lowest least-inflight: 1 request; gpu-b, in its slow start, is not due one",
            "lowest least-inflight: 1 request; gpu-b, in its slow start, is not due one",
            "due a request in its slow start, at a share of 0.5");
  }

  @Test
  void turns_areSaid() {
    assertThat(explain("round-robin", servers(2)).why()).startsWith("its turn: ");
    assertThat(explain("round-robin", servers(2)).winner()).isEqualTo("gpu-a");
    assertThat(explain("weighted", servers(2)).why()).startsWith("its turn, as weights");
    assertThat(explain("round-robin", servers(1)).why()).isEqualTo("the only eligible server");
  }

  @Test
  void twoChoices_namesBoth() {
    Backend[] servers = servers(2);
    hold(servers[0], 4);
    hold(servers[1], 1);
    Explanation why = explain("power-of-two", servers);
    assertThat(why.winner()).isEqualTo("gpu-b");
    assertThat(why.why())
        .isEqualTo(
            "of two drawn, beside gpu-a, the one with the lower least-inflight: 1 request, not 4"
                + " requests");
    Backend[] three = servers(3);
    hold(three[1], 1);
    Explanation drawn = explain("power-of-two", three);
    assertThat(drawn.winner()).isNull();
    assertThat(drawn.lot()).as("the worst is never the better").containsExactly("gpu-a", "gpu-c");
  }

  @Test
  void prefixAffinity_saysWhatIsCached_andItsLoad() throws InvalidRequest {
    Backend[] servers = servers(2);
    String prompt = "All work and no play makes Jack a dull boy. ".repeat(200);
    String body =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"" + prompt + "\"}]}";
    InferenceRequest asked =
        new RequestParser()
            .parse(
                Api.CHAT_COMPLETIONS,
                Unpooled.wrappedBuffer(body.getBytes(StandardCharsets.UTF_8)));
    Selector selector = balancer("prefix-affinity");
    selector.sent(asked, servers, 1);
    assertThat(Lease.open(servers[0], "m", () -> 0, new Work(9_000, 0, 10, true))).isNotNull();
    Explanation why = selector.explain(asked, servers, 0, Affinity.OFF, Selector.NO_HOME);
    assertThat(why.winner()).isEqualTo("gpu-b");
    assertThat(why.why()).matches("lowest expected-ttft: \\S+ ms, next gpu-a \\S+ ms");
    assertThat(why.asked().promptTokens()).isGreaterThan(2_000);
    Server winner = server(why, "gpu-b");
    assertThat(Objects.requireNonNull(winner.cache()).cachedTokens())
        .isBetween(2_000, why.asked().promptTokens());
    assertThat(Objects.requireNonNull(server(why, "gpu-a").cache()).cachedTokens()).isZero();
    assertThat(Objects.requireNonNull(server(why, "gpu-a").load()).queued()).isEqualTo(1);
    assertThat(Objects.requireNonNull(server(why, "gpu-a").load()).backlogTokens())
        .isEqualTo(9_500);
  }

  @Test
  void filters_eachSaysWhatItFound_thoughTheFirstDecides() {
    Backend[] servers = {Road.server("gpu-a", 1, 2), Road.server("gpu-b", 1, 2)};
    hold(servers[0], 2);
    servers[0].availability(DOWN);
    Explanation why = explain("least-inflight", servers);
    assertThat(server(why, "gpu-a").filters())
        .containsExactly(
            new Verdict("available", false, "no answer to a probe"),
            new Verdict("breaker", true, ""),
            new Verdict("capacity", false, "2 in flight of at most 2"),
            new Verdict("untried", true, ""),
            new Verdict("background", true, ""));
    assertThat(server(why, "gpu-a").eligible()).isFalse();
    assertThat(why.line())
        .isEqualTo(
            "gpu-b by least-inflight (1 of 2 eligible): the only eligible server; passed over:"
                + " gpu-a (available: no answer to a probe)");
  }

  @Test
  void panic_doubtfulServers_areLetInAndSaidSo() {
    Backend[] servers = servers(2);
    for (Backend each : servers) {
      each.availability(new Availability(ServerState.DOWN, Use.LAST_RESORT, "it failed", 5));
    }
    Explanation why =
        balancer("round-robin").explain(request, servers, 50, Affinity.OFF, Selector.NO_HOME);
    assertThat(why.panic()).isTrue();
    assertThat(why.winner()).isEqualTo("gpu-a");
    assertThat(server(why, "gpu-a").filters().get(0))
        .isEqualTo(new Verdict("available", true, "it failed"));
  }

  @Test
  void nobodyEligible_everyReasonIsSaid() {
    Backend[] servers = servers(12);
    Arrays.stream(servers).forEach(each -> each.availability(DOWN));
    servers[1].gate(() -> false);
    servers[1].availability(Availability.UP);
    Explanation why = explain("round-robin", servers);
    assertThat(why.winner()).isNull();
    assertThat(why.basis()).isNull();
    assertThat(why.lot()).isEmpty();
    assertThat(why.why())
        .startsWith(
            "no server is eligible: gpu-a (available: no answer to a probe), gpu-b (breaker:"
                + " circuit breaker lets nothing through), ")
        .endsWith(" and 4 more");
    assertThat(why.line()).startsWith("nobody by round-robin (0 of 12 eligible): no server is");
    assertThat(explain("round-robin").why()).isEqualTo("no server was offered");
  }

  // ---- homes

  private static Backend named(String name, Backend... servers) {
    return Arrays.stream(servers).filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void home_withinItsBound_isSaid_withTheOrderOfAll() {
    Backend[] servers = servers(4);
    Explanation why = homely(SOFT, servers);
    assertThat(why.basis()).isEqualTo(Basis.OWNER);
    assertThat(why.why()).isEqualTo("home of the conversation");
    assertThat(server(why, Objects.requireNonNull(why.winner())).place()).isEqualTo(1);
    assertThat(why.servers()).extracting(Server::place).containsExactlyInAnyOrder(1, 2, 3, 4);
    assertThat(server(why, "gpu-a").load()).as("homes go by it").isNotNull();
    assertThat(why.asked().conversation()).isEqualTo(Source.HEADER);
    assertThat(homely(STRICT, servers).why())
        .isEqualTo("home of the conversation, which may go nowhere else");
  }

  @Test
  void home_overItsBound_isSaidInNumbers() {
    Backend[] servers = servers(4);
    String home = Objects.requireNonNull(homely(SOFT, servers).winner());
    hold(named(home, servers), 12);
    Explanation why = homely(SOFT, servers);
    assertThat(why.basis()).isEqualTo(Basis.SPILLED);
    assertThat(why.why())
        .isEqualTo(
            "next in the order of the conversation: its home "
                + home
                + " is over its bound: 12 in flight of at most 8");
    assertThat(server(why, Objects.requireNonNull(why.winner())).place()).isEqualTo(2);
    assertThat(server(why, home).overBound()).isEqualTo("12 in flight of at most 8");
  }

  @Test
  void home_withLongPrompts_isOverItsBoundInMilliseconds() {
    Backend[] servers = servers(2);
    String home = Objects.requireNonNull(homely(SOFT, servers).winner());
    Backend busy = named(home, servers);
    assertThat(Lease.open(busy, "m", () -> 0, new Work(1_000_000, 0, 10, true))).isNotNull();
    assertThat(homely(SOFT, servers).why())
        .matches(
            ".*" + home + " is over its bound: \\d+ ms of prompts to compute, of at most \\d+");
  }

  @Test
  void home_out_isSaidWithItsReason() {
    Backend[] servers = servers(4);
    String home = Objects.requireNonNull(homely(SOFT, servers).winner());
    named(home, servers).availability(DOWN);
    Explanation moved = homely(SOFT, servers);
    assertThat(moved.basis()).isEqualTo(Basis.MOVED);
    assertThat(moved.why())
        .isEqualTo(
            "next in the order of the conversation: its home "
                + home
                + " is passed over: available: no answer to a probe");
    Explanation strict = homely(STRICT, servers);
    assertThat(strict.winner()).isNull();
    assertThat(strict.why())
        .startsWith("its home is out: " + home + " (affinity: the conversation is at home there")
        .contains("available: no answer to a probe");
  }

  @Test
  void home_emptied_isSaidByItsName_andComesFirstInTheOrder() {
    Backend[] servers = servers(4);
    String home = Objects.requireNonNull(homely(SOFT, servers).winner());
    named(home, servers)
        .availability(
            new Availability(
                ServerState.DRAINING,
                Availability.Use.NONE,
                "the operator drains it",
                Availability.UNTIL_NEWS));
    Explanation moved = homely(SOFT, servers);
    assertThat(moved.basis()).isEqualTo(Basis.MOVED);
    assertThat(moved.why())
        .isEqualTo(
            "next in the order of the conversation: its home "
                + home
                + " is passed over: available: the operator drains it");
    assertThat(server(moved, home).place()).isEqualTo(1);
    // In a strict pool the next is the home: nobody else may have the conversation.
    Explanation strict = homely(STRICT, servers);
    assertThat(strict.winner()).isEqualTo(moved.winner());
    assertThat(server(strict, home).place()).isZero();
  }

  @Test
  void storedResponse_isTheReason() {
    Explanation why = balancer("round-robin").explain(request, servers(3), 0, SOFT, 2);
    assertThat(why.winner()).isEqualTo("gpu-c");
    assertThat(why.why()).startsWith("it stores the response before");
    assertThat(why.servers()).extracting(Server::place).containsOnly(0);
  }

  @Test
  void consistentHash_saysWhoseOrder() {
    Backend[] servers = servers(4);
    Selector hash = balancer("consistent-hash");
    Explanation talked = hash.explain(talk, servers, 0, Affinity.OFF, Selector.NO_HOME);
    assertThat(talked.why()).isEqualTo("first in the order of its conversation");
    assertThat(talked.winner()).isEqualTo(homely(SOFT, servers).winner());
    Explanation first = explain("consistent-hash", servers);
    assertThat(first.why()).isEqualTo("first in the order of its prompt");
    hold(named(Objects.requireNonNull(first.winner()), servers), 9);
    assertThat(explain("consistent-hash", servers).why())
        .isEqualTo(
            "next in the order of its prompt: "
                + first.winner()
                + " is over its bound: 9 in flight of at most 8");
  }

  @Test
  void number_threeDigits_orWhole() {
    assertThat(Why.number(0)).isEqualTo("0");
    assertThat(Why.number(12_345.6)).isEqualTo("12346");
    assertThat(Why.number(41.26)).isEqualTo("41.3");
    assertThat(Why.number(0.001_234)).isEqualTo("0.00123");
    assertThat(Why.number(3)).isEqualTo("3");
  }
}
