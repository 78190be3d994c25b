package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.ServerState;
import dev.caravan.fleet.Work;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.Conversation;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Selection.Basis;
import dev.caravan.select.Selection.NoneEligible;
import dev.caravan.select.Selection.Rejection;
import dev.caravan.select.Selection.Selected;
import dev.caravan.select.filter.Available;
import dev.caravan.select.filter.Untried;
import dev.caravan.select.pick.BestScore;
import dev.caravan.time.Chance;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectorTest {
  /** What a request without a prompt is thought to ask: an answer of the usual length. */
  private static final Work WORK = new Work(0, 0, 200, false);

  private final InferenceRequest request = AnyRequest.chat();

  private static Backend[] servers(String... names) {
    Backend[] servers = new Backend[names.length];
    for (int i = 0; i < names.length; i++) {
      servers[i] = new Backend(BackendSpec.of(names[i], URI.create("http://10.0.0.11:8000")));
    }
    return servers;
  }

  private static WeightedScorer scorer(double weight, ToDoubleFunction<BackendView> score) {
    Scorer scorer =
        new Scorer() {
          @Override
          public String name() {
            return "made-up";
          }

          @Override
          public String unit() {
            return "points";
          }

          @Override
          public double measure(InferenceRequest request, BackendView view) {
            return 1 - score(request, view);
          }

          @Override
          public double score(InferenceRequest request, BackendView view) {
            return score.applyAsDouble(view);
          }
        };
    return new WeightedScorer(scorer, weight);
  }

  private static Selector selector(List<WeightedScorer> scorers) {
    List<Filter> filters = List.of(new Available(), new Untried());
    return new Selector("made-up", filters, scorers, new BestScore(Chance.seeded(1)));
  }

  @Test
  void select_severalScorers_weightedMeanDecides() {
    Backend[] servers = servers("a", "b", "c");
    double[] first = {1, 0.6, 0};
    double[] second = {0, 0.6, 1};
    Selector even =
        selector(List.of(scorer(1, v -> first[v.index()]), scorer(1, v -> second[v.index()])));
    assertThat(even.select(request, servers, Tried.NONE, 0))
        .isEqualTo(new Selected(servers[1], 1, 3, false, Basis.BALANCER, WORK));
    Selector lopsided =
        selector(List.of(scorer(1, v -> first[v.index()]), scorer(9, v -> second[v.index()])));
    assertThat(lopsided.select(request, servers, Tried.NONE, 0))
        .isEqualTo(new Selected(servers[2], 2, 3, false, Basis.BALANCER, WORK));
  }

  @Test
  void select_someFilteredOut_indexIsThatOfTheOffer() {
    Backend[] servers = servers("a", "b", "c");
    servers[0].availability(Availability.down("drained"));
    Selector selector = selector(List.of());
    assertThat(selector.select(request, servers, Tried.NONE.and(1), 0))
        .isEqualTo(new Selected(servers[2], 2, 1, false, Basis.BALANCER, WORK));
  }

  @Test
  void select_nobodyEligible_givesTheFirstGroundOfEach() {
    Backend[] servers = servers("a", "b");
    servers[0].availability(Availability.down("drained"));
    Selection selection = selector(List.of()).select(request, servers, Tried.NONE.and(0).and(1), 0);
    assertThat(selection)
        .isEqualTo(
            new NoneEligible(
                List.of(
                    new Rejection("a", "available", "drained", Availability.down("drained")),
                    new Rejection(
                        "b", "untried", "tried already for this request", Availability.UP))));
  }

  @Test
  void select_nobodyOffered_isNoneEligibleWithoutReasons() {
    assertThat(selector(List.of()).select(request, new Backend[0], Tried.NONE, 0))
        .isEqualTo(new NoneEligible(List.of()));
  }

  @Test
  void select_scoreOutOfRange_namesTheScorerAndTheServer() {
    for (double score : new double[] {Double.NaN, -0.1, 1.1}) {
      assertThatThrownBy(
              () ->
                  selector(List.of(scorer(1, v -> score)))
                      .select(request, servers("gpu-a"), Tried.NONE, 0))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("scorer made-up gave gpu-a " + score + ", not 0 to 1");
    }
  }

  @Test
  void weightedScorer_weightThatMeansNothing_isRefused() {
    for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException().isThrownBy(() -> scorer(weight, v -> 1));
    }
  }

  @Test
  void select_liveNumbersMove_eachIsReadOnce() {
    Backend[] servers = servers("a");
    AtomicInteger asked = new AtomicInteger();
    servers[0].gate(
        () -> {
          asked.incrementAndGet();
          return true;
        });
    selector(List.of()).select(request, servers, Tried.NONE, 0);
    assertThat(asked).hasValue(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"round-robin", "weighted", "least-inflight", "power-of-two"})
  void select_rowThatCountsNoTokens_homesStillSeeWhoHasLongToCompute(String name) {
    Means means = new Means(Chance.seeded(1), () -> 0, new PrefixIndex(16));
    Selector selector = Balancers.named(name, means);
    Backend[] servers = servers("a", "b", "c");
    InferenceRequest talk = request.in(Conversation.of(Conversation.Source.HEADER, "a talk"));
    Affinity soft = new Affinity(Affinity.Stickiness.SOFT, 125);
    Selected first = (Selected) selector.select(talk, servers, Tried.NONE, 0, soft);
    assertThat(first.basis()).isEqualTo(Basis.OWNER);
    Work lengthy = new Work(20_000, 0, 0, true);
    Lease lease = Objects.requireNonNull(Lease.open(first.backend(), "llama", () -> 0, lengthy));

    Selected next = (Selected) selector.select(talk, servers, Tried.NONE, 0, soft);
    assertThat(Selector.lastRead().view(first.index()).backlogTokens()).isEqualTo(20_500);
    assertThat(next.basis()).isEqualTo(Basis.SPILLED);
    assertThat(next.index()).isNotEqualTo(first.index());

    selector.select(request, servers, Tried.NONE, 0, soft);
    assertThat(Selector.lastRead().view(first.index()).backlogTokens())
        .as("without a conversation nobody asks")
        .isZero();
    selector.select(talk, servers, Tried.NONE, 0, Affinity.OFF);
    assertThat(Selector.lastRead().view(first.index()).backlogTokens()).isZero();
    lease.close(new Completed(200));
  }

  @Test
  void lastRead_offersOfDifferentSizes_isAlwaysTheLastOne() {
    Selector selector = selector(List.of());
    selector.select(request, servers("a", "b", "c"), Tried.NONE.and(1), 0);
    assertThat(Selector.lastRead()).hasToString("a 0/- w1; b 0/- w1 tried; c 0/- w1");
    selector.select(request, servers("d"), Tried.NONE, 0);
    assertThat(Selector.lastRead()).hasToString("d 0/- w1");
    selector.select(request, servers("e", "f"), Tried.NONE, 0);
    assertThat(Selector.lastRead()).hasToString("e 0/- w1; f 0/- w1");
  }

  @Test
  void select_moreThan64Servers_triedIsKeptApart() {
    Backend[] servers = new Backend[130];
    List<Integer> expected = new ArrayList<>();
    for (int i = 0; i < servers.length; i++) {
      servers[i] = servers("s" + i)[0];
      expected.add(i);
    }
    Selector selector = selector(List.of());
    Tried tried = Tried.NONE;
    List<Integer> seen = new ArrayList<>();
    while (selector.select(request, servers, tried, 0) instanceof Selected selected) {
      seen.add(selected.index());
      tried = tried.and(selected.index());
    }
    assertThat(seen).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void rejections_someEligible_namesOnlyThePassedOver() {
    Snapshot snapshot = Snapshot.parse("a 0/- w1 down(down)=drained; b 0/- w1; c 0/- w1 tried");
    assertThat(selector(List.of()).rejections(request, snapshot, 0))
        .extracting(Rejection::backend)
        .containsExactly("a", "c");
  }

  @Test
  void replay_nobodyEligible_isEmpty() {
    Snapshot snapshot = Snapshot.parse("a 0/- w1 down(down)=drained");
    assertThat(selector(List.of()).replay(request, snapshot, 0)).isEmpty();
  }

  private static void stand(Backend[] servers, Use... uses) {
    for (int i = 0; i < uses.length; i++) {
      servers[i].availability(
          uses[i] == Use.ANY
              ? Availability.UP
              : new Availability(ServerState.DOWN, uses[i], "out", Availability.UNTIL_NEWS));
    }
  }

  @Test
  void select_nobodyUsable_panicAdmitsThoseOfWhichHealthIsNotCertain() {
    Backend[] servers = servers("a", "b", "c");
    stand(servers, Use.NONE, Use.LAST_RESORT, Use.NONE);
    Selector selector = selector(List.of());
    assertThat(selector.select(request, servers, Tried.NONE, 1))
        .isEqualTo(new Selected(servers[1], 1, 1, true, Basis.BALANCER, WORK));
    assertThat(selector.select(request, servers, Tried.NONE.and(1), 1))
        .isInstanceOfSatisfying(
            NoneEligible.class,
            none ->
                assertThat(none.reasons())
                    .extracting(Rejection::filter)
                    .containsExactly("available", "untried", "available"));
    assertThat(selector.select(request, servers, Tried.NONE, 0)).isInstanceOf(NoneEligible.class);
  }

  @Test
  void select_everyoneOutForCertain_isNoPanic() {
    Backend[] servers = servers("a", "b");
    stand(servers, Use.NONE, Use.NONE);
    assertThat(selector(List.of()).select(request, servers, Tried.NONE, 100))
        .isInstanceOf(NoneEligible.class);
  }

  @ParameterizedTest
  @CsvSource({"40, false", "41, true", "100, true", "0, false"})
  void select_twoOfFiveUsable_panicsBelowThePercentage(int percent, boolean panic) {
    Backend[] servers = servers("a", "b", "c", "d", "e");
    stand(servers, Use.LAST_RESORT, Use.ANY, Use.NONE, Use.ANY, Use.LAST_RESORT);
    Selection selection = selector(List.of()).select(request, servers, Tried.NONE, percent);
    assertThat(selection)
        .isInstanceOfSatisfying(
            Selected.class,
            selected -> {
              assertThat(selected.panic()).isEqualTo(panic);
              assertThat(selected.considered()).isEqualTo(panic ? 4 : 2);
            });
  }

  @Test
  void select_usableOnesAreTriedFullOrGuarded_isNoPanic() {
    Backend[] servers = servers("a", "b");
    stand(servers, Use.ANY, Use.LAST_RESORT);
    assertThat(selector(List.of()).select(request, servers, Tried.NONE.and(0), 50))
        .isInstanceOf(NoneEligible.class);
  }

  @Test
  void replay_inPanic_choosesWhatWasChosen() {
    Snapshot snapshot = Snapshot.parse("a 0/- w1 down(down)=gone; b 0/- w1 spare(down)=ejected");
    assertThat(selector(List.of()).replay(request, snapshot, 10)).hasValue(1);
    assertThat(selector(List.of()).replay(request, snapshot, 0)).isEmpty();
  }
}
