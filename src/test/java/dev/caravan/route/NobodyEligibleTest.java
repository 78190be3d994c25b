package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.ServerState;
import dev.caravan.health.HandTicker;
import dev.caravan.ingress.ClientError;
import dev.caravan.ingress.Refusal;
import dev.caravan.select.Selection;
import dev.caravan.select.Selection.Rejection;
import dev.caravan.testing.CapturedLog;
import java.util.List;
import java.util.Objects;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a client is told where nobody may take its request. */
class NobodyEligibleTest {
  private final HandTicker ticker = new HandTicker(); // its instants overflow within a second

  private Rejection throttled(long millis) {
    return out(ServerState.BUSY, Use.NONE, ticker.nanos() + millis * 1_000_000);
  }

  private Rejection ejected(long millis) {
    return out(ServerState.DOWN, Use.LAST_RESORT, ticker.nanos() + millis * 1_000_000);
  }

  private static Rejection out(ServerState state, Use use, long untilNanos) {
    return new Rejection("a", "available", "out", new Availability(state, use, "out", untilNanos));
  }

  private static Rejection down() {
    return out(ServerState.DOWN, Use.NONE, Availability.UNTIL_NEWS);
  }

  private static Rejection full() {
    return new Rejection("a", "capacity", "8 in flight of at most 8", Availability.UP);
  }

  private ClientError answer(Rejection... reasons) {
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      Exchange exchange = new DefaultExchange(new DefaultCamelContext());
      exchange.setProperty(
          Exchange.EXCEPTION_CAUGHT, new NobodyEligible("llama", List.of(reasons)));
      new ErrorAnswer(ticker).process(exchange);
      assertThat(log.lines()).singleElement().asString().contains("pool llama has no server");
      Refusal refusal = exchange.getMessage().getBody(Refusal.class);
      return Objects.requireNonNull(refusal).error();
    }
  }

  private void assertAnswer(int status, long retryAfter, Rejection... reasons) {
    ClientError error = answer(reasons);
    assertThat(error.status()).isEqualTo(status);
    assertThat(error.retryAfterSeconds()).isEqualTo(retryAfter);
    assertThat(error.code())
        .isEqualTo(status == 429 ? "rate_limit_exceeded" : "no_server_available");
  }

  @Test
  void everyoneThrottled_is429_untilTheFirstIsBack() {
    assertAnswer(429, 4, throttled(9_000), throttled(3_001), throttled(8_000));
  }

  @Test
  void notEveryoneThrottled_is503_untilTheFirstIsBack() {
    assertAnswer(503, 9, throttled(9_000), ejected(20_000), down());
    assertAnswer(503, 1, full(), throttled(9_000));
  }

  @Test
  void nobodyKnowsWhen_is503_andOneSecond() {
    assertAnswer(503, 1, down(), down());
    assertAnswer(503, 1, full());
    assertAnswer(503, 1);
  }

  @Test
  void farAway_isAsLongAsClientsWouldWait() {
    assertAnswer(429, 120, throttled(600_000));
  }

  @Test
  void itHasJustCome_isOneSecond() {
    assertAnswer(429, 1, throttled(-5));
    assertAnswer(503, 1, ejected(0));
  }

  private static Rejection roomless() {
    return new Rejection("a", "background", "5 in flight", Availability.UP);
  }

  private @Nullable String codeOfBackground(int lines, Rejection... reasons) {
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      Exchange exchange = new DefaultExchange(new DefaultCamelContext());
      exchange.setProperty(
          Exchange.EXCEPTION_CAUGHT, new NobodyEligible("llama", List.of(reasons), false, true));
      new ErrorAnswer(ticker).process(exchange);
      assertThat(log.lines()).hasSize(lines);
      Refusal refusal = Objects.requireNonNull(exchange.getMessage().getBody(Refusal.class));
      assertThat(refusal.error().status()).isEqualTo(503);
      assertThat(refusal.error().retryAfterSeconds()).isEqualTo(1);
      return refusal.error().code();
    }
  }

  @Test
  void background_noRoomAtAServerThatIsWell_isSaidAndIsNoNews() {
    assertThat(codeOfBackground(0, roomless())).isEqualTo("no_background_room");
    assertThat(codeOfBackground(0, down(), full())).isEqualTo("no_background_room");
    assertThat(codeOfBackground(0, roomless(), full(), down())).isEqualTo("no_background_room");
  }

  @Test
  void background_nobodyIsWell_isAFailureAsForOthers() {
    assertThat(codeOfBackground(1, down(), down())).isEqualTo("no_server_available");
  }

  @Test
  void homeOfTheConversation_isNamed() {
    ClientError error =
        answer(new Rejection("a", Selection.AFFINITY, "down", down().availability()));
    assertThat(error.code()).isEqualTo("conversation_home_unavailable");
    assertThat(error.message()).contains(", a, cannot take the request");
    assertThat(error.retryAfterSeconds()).isEqualTo(1);
  }

  @Test
  void homeOfTheConversation_outForATime_isSaidAsRetryAfter() {
    ClientError error =
        answer(new Rejection("a", Selection.AFFINITY, "out", ejected(9_000).availability()));
    assertThat(error.status()).isEqualTo(503);
    assertThat(error.retryAfterSeconds()).isEqualTo(9);
  }
}
