package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.select.Tried;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.camel.AsyncCallback;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.Exchange;
import org.apache.camel.support.AsyncProcessorSupport;
import org.junit.jupiter.api.Test;

/** Who may be picked, while servers come and go. */
class OfferTest {
  private final Backend a = backend("a");
  private final Backend b = backend("b");
  private final Backend c = backend("c");
  private final Backend d = backend("d");

  private static Backend backend(String name) {
    return new Backend(BackendSpec.of(name, URI.create("http://" + name + ":8000")));
  }

  private static final AsyncProcessor STEP =
      new AsyncProcessorSupport() {
        @Override
        public boolean process(Exchange exchange, AsyncCallback callback) {
          callback.done(true);
          return true;
        }
      };

  private static Offer offer(Offer before, Backend... servers) {
    List<Offer.Place> places = new ArrayList<>();
    Arrays.stream(servers).forEach(each -> places.add(new Offer.Place(each, STEP)));
    return Offer.of(places, before);
  }

  @Test
  void firstOffer_isInTheOrderOfTheSteps() {
    assertThat(offer(Offer.NOBODY, b, a, c).servers()).containsExactly(b, a, c);
  }

  @Test
  void whoStays_keepsThePosition_andNewcomersFillTheHoles() {
    Offer before = offer(Offer.NOBODY, a, b, c);
    assertThat(offer(before, a, c, d).servers()).containsExactly(a, d, c);
    assertThat(offer(before, d, a, b, c).servers()).containsExactly(a, b, c, d);
  }

  @Test
  void whoStoodBeyondTheEnd_movesIntoAHole() {
    Offer before = offer(Offer.NOBODY, a, b, c);
    assertThat(offer(before, b, c).servers()).containsExactly(c, b);
    assertThat(offer(before).servers()).isEmpty();
  }

  @Test
  void tried_isTranslatedByServer() {
    Offer before = offer(Offer.NOBODY, a, b, c);
    Offer now = offer(before, c, d);
    Tried then = Tried.NONE.and(0).and(2); // a and c
    Tried translated = now.tried(then, before);
    assertThat(translated.contains(now.position("c"))).isTrue();
    assertThat(translated.contains(now.position("d"))).isFalse();
    assertThat(translated.count()).isEqualTo(1);
    assertThat(before.tried(then, before)).isSameAs(then);
  }
}
