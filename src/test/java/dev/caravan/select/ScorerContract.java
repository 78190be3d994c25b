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
  protected final InferenceRequest request = AnyRequest.chat();

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

  @Provide
  Arbitrary<BackendView> servers() {
    return Combinators.combine(
            Arbitraries.integers().between(0, Integer.MAX_VALUE),
            Arbitraries.integers().between(1, 256))
        .as((inflight, weight) -> Offers.server("any", inflight, weight));
  }
}
