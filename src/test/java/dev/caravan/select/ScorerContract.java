package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** What every scorer must hold. */
public abstract class ScorerContract {
  protected final InferenceRequest request = AnyRequest.talk("", AnyRequest.words(1, 1_000));

  protected abstract Scorer scorer();

  @Test
  void name_always_isFitForALog() {
    assertThat(scorer().name()).matches("[a-z]+(-[a-z]+)*");
  }

  @Property
  void score_anyServer_isFromZeroToOne(@ForAll("servers") BackendView view) {
    assertThat(scorer().score(request, view)).isBetween(0.0, 1.0);
  }

  @Property
  void score_sameNumbers_isExactlyTheSame(@ForAll("servers") BackendView view) {
    BackendView twin = Snapshot.parse(Snapshot.of(view).toString()).view(0);
    assertThat(scorer().score(request, twin)).isEqualTo(scorer().score(request, view));
  }

  @Test
  void unit_always_isFitForPeople() {
    assertThat(scorer().unit()).matches("[a-z]+");
  }

  @Property
  void measure_anyTwoServers_scoreIsNotHigherForTheDearerOne(
      @ForAll("servers") BackendView one, @ForAll("servers") BackendView other) {
    double measure = scorer().measure(request, one);
    assertThat(measure).isBetween(0.0, Double.MAX_VALUE);
    if (measure < scorer().measure(request, other)) {
      assertThat(scorer().score(request, one))
          .isGreaterThanOrEqualTo(scorer().score(request, other));
    }
  }

  private static Arbitrary<Double> fractions(int from) {
    return Arbitraries.integers().between(from, 1 << 20).map(sevenths -> sevenths / 7.0);
  }

  /** What a scorer goes by, from nothing to far more than there is. */
  @Provide
  Arbitrary<BackendView> servers() {
    Arbitrary<BackendView> plain =
        Combinators.combine(
                Arbitraries.integers().between(0, Integer.MAX_VALUE),
                Arbitraries.integers().between(1, 256))
            .as((inflight, weight) -> Offers.server("any", inflight, weight));
    return Combinators.combine(
            plain,
            Arbitraries.longs().between(0, 1L << 40),
            Arbitraries.longs().between(0, 1L << 40),
            fractions(1),
            fractions(0),
            Arbitraries.integers().between(0, 2_000),
            fractions(0))
        .as(
            (view, tokens, backlog, speed, ttft, cached, pressure) ->
                view.loaded(tokens, 1, backlog, speed, ttft).caching(cached, pressure));
  }
}
