package dev.caravan.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.health.HandTicker;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.outcome.Outcome.ClientGone;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.outcome.Outcome.FailedBefore;
import dev.caravan.testing.Together;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class LoadTest {
  private static final Outcome DONE = new Completed(200);

  private final HandTicker ticker = new HandTicker();
  private final Backend server =
      new Backend(BackendSpec.of("gpu-a", URI.create("http://10.0.0.11:8000")));
  private final Load load = server.load();

  private Lease send(Work work) {
    return Objects.requireNonNull(Lease.open(server, "llama", ticker, work));
  }

  /** A prompt that is so much work, with what every request costs beside. */
  private Lease send(int tokens) {
    return send(new Work(tokens - Load.FIXED_TOKENS, 0, 100, true));
  }

  private long backlog() {
    return load.backlogTokens(ticker.nanos(), load.tokensPerMilli());
  }

  private double ttft() {
    return load.ttftMillisPerToken(ticker.nanos());
  }

  /** One prompt of so much work, alone, that takes so long. */
  private void serve(int tokens, long millis) {
    Lease lease = send(tokens);
    ticker.pass(millis);
    lease.firstByte(true);
    lease.close(DONE);
  }

  // ---- the backlog

  @Test
  void backlog_firstTokensInOrder_fallsByOneAfterTheOther() {
    Lease first = send(1_000);
    Lease second = send(2_000);
    Lease third = send(new Work(3_000, 500, 100, true));
    assertThat(backlog()).as("what is cached is not computed").isEqualTo(6_000);
    assertThat(load.queued()).isEqualTo(3);
    assertThat(load.tokens()).isEqualTo(5_300);
    ticker.pass(100);
    first.firstByte(true);
    assertThat(backlog()).isEqualTo(5_000);
    ticker.pass(200);
    second.firstByte(true);
    assertThat(backlog()).isEqualTo(3_000);
    assertThat(load.queued()).isEqualTo(1);
    third.firstByte(true);
    assertThat(backlog()).isZero();
    assertThat(load.tokens()).as("their answers are not done").isEqualTo(5_300);
    for (Lease lease : List.of(second, first, third)) {
      lease.close(DONE);
    }
    assertThat(load.tokens()).isZero();
  }

  @Test
  void backlog_timePasses_headGetsOnAtItsSpeed_othersWait() {
    Lease first = send(1_000);
    ticker.pass(40);
    assertThat(backlog()).as("10 tokens a millisecond").isEqualTo(600);
    Lease second = send(3_000);
    assertThat(backlog()).as("of 2,000 on average 400 are done").isEqualTo(3_600);
    first.close(DONE);
    second.close(DONE);
  }

  @Test
  void backlog_headIsLate_needsAsLongAgainAsItIsLate() {
    Lease lease = send(1_000);
    ticker.pass(100);
    assertThat(backlog()).as("it should be there now").isZero();
    ticker.pass(50);
    assertThat(backlog()).as("50 ms late").isEqualTo(500);
    ticker.pass(150);
    assertThat(backlog()).isEqualTo(2_000);
    lease.firstByte(true);
    assertThat(backlog()).isZero();
    lease.close(DONE);
  }

  @Test
  void backlog_requestFailsOrIsGivenUp_itsTokensAreGivenBack() {
    Lease first = send(1_000);
    Lease second = send(2_000);
    Lease third = send(4_000);
    second.close(new FailedBefore(Cause.CONNECT, "refused", 0));
    assertThat(backlog()).isEqualTo(5_000);
    third.close(new ClientGone(false));
    assertThat(backlog()).isEqualTo(1_000);
    assertThat(load.tokens()).isEqualTo(600);
    first.close(new ClientGone(false));
    assertThat(backlog()).isZero();
    assertThat(load.queued()).isZero();
    assertThat(load.tokens()).isZero();
  }

  @Test
  void backlog_errorOvertakesAPrompt_thatIsStillToBeComputed() {
    Lease first = send(8_000);
    Lease second = send(2_000);
    second.firstByte(false);
    assertThat(backlog()).isEqualTo(8_000);
    assertThat(load.queued()).isEqualTo(1);
    second.close(new Completed(400));
    assertThat(backlog()).as("given back once").isEqualTo(8_000);
    assertThat(load.tokensPerMilli()).isEqualTo(Load.PRIOR_TOKENS_PER_MILLI);
    assertThat(ttft()).isZero();
    first.firstByte(true);
    first.close(DONE);
    assertThat(backlog()).isZero();
  }

  @Test
  void backlog_answersThatAreNotStreamed_areComputedInTheirTime_andTeachNothing() {
    Lease lease = send(new Work(500, 0, 100, false));
    Lease other = send(new Work(1_500, 0, 100, false));
    assertThat(backlog()).isEqualTo(3_000);
    ticker.pass(150);
    assertThat(backlog()).isEqualTo(1_500);
    ticker.pass(4_850);
    assertThat(backlog()).as("nobody is late").isZero();
    assertThat(load.queued()).isEqualTo(2);
    other.firstByte(true);
    other.close(DONE);
    assertThat(backlog()).as("its end is not the end of a prompt").isZero();
    assertThat(load.queued()).isEqualTo(1);
    lease.firstByte(true);
    assertThat(backlog()).isZero();
    assertThat(load.tokensPerMilli()).isEqualTo(Load.PRIOR_TOKENS_PER_MILLI);
    assertThat(ttft()).isZero();
    lease.close(DONE);
    assertThat(load.tokens()).isZero();
  }

  @Test
  void backlog_streamedAnswerBehindOneThatIsNot_saysThatBothPromptsAreDone() {
    Lease whole = send(new Work(500, 0, 100, false));
    Lease streamed = send(2_000);
    ticker.pass(300);
    streamed.firstByte(true);
    assertThat(backlog()).isZero();
    assertThat(load.tokensPerMilli()).isCloseTo(10, within(1e-3));
    whole.firstByte(true);
    whole.close(DONE);
    streamed.close(DONE);
    assertThat(load.queued()).isZero();
  }

  @Property(tries = 300)
  void anyOrder_nothingIsNegative_andNobodyWaiting_isZero(@ForAll long seed) {
    Random random = new Random(seed);
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      ticker.pass(random.nextInt(50));
      switch (open.isEmpty() ? 0 : random.nextInt(4)) {
        case 0 -> open.add(send(new Work(random.nextInt(5_000), 0, 9, random.nextBoolean())));
        case 1, 2 -> open.get(random.nextInt(open.size())).firstByte(random.nextInt(5) > 0);
        default -> open.remove(random.nextInt(open.size())).close(DONE);
      }
      assertThat(backlog()).isNotNegative();
      assertThat(load.queued()).isBetween(0, open.size());
      assertThat(load.tokensPerMilli()).isPositive().isFinite();
      assertThat(ttft()).isNotNegative().isFinite();
    }
    Lease last = send(700);
    open.forEach(lease -> lease.firstByte(true));
    assertThat(load.queued()).isEqualTo(1);
    last.close(new ClientGone(false));
    assertThat(load.queued()).isZero();
    assertThat(backlog()).isZero();
    Lease next = send(700);
    assertThat(next.aheadOfIt()).isZero();
    assertThat(backlog()).as("errors of before are gone").isEqualTo(700);
    next.close(DONE);
    open.forEach(lease -> lease.close(DONE));
    assertThat(load.tokens()).isZero();
  }

  @Test
  void fourThreads_everyRequestEnds_nothingIsLeft() {
    AtomicInteger threads = new AtomicInteger();
    Together.run(
        4,
        () -> {
          Random random = new Random(threads.getAndIncrement());
          List<Lease> open = new ArrayList<>();
          for (int i = 0; i < 20_000; i++) {
            if (open.size() < 8) {
              open.add(send(501 + random.nextInt(3_000)));
            }
            Lease lease = open.get(random.nextInt(open.size()));
            if (random.nextBoolean()) {
              lease.firstByte(random.nextInt(10) > 0);
            } else {
              lease.close(DONE);
              open.remove(lease);
            }
          }
          open.forEach(lease -> lease.close(DONE));
          return 0;
        });
    assertThat(load.tokens()).isZero();
    assertThat(load.queued()).isZero();
    assertThat(backlog()).isZero();
    assertThat(load.tokensPerMilli()).isPositive().isFinite();
  }

  // ---- the speed

  @Test
  void speed_servesSlowly_isLearnt_andAnIdleHourForgetsNothing() {
    for (int i = 0; i < 60; i++) {
      serve(4_000, 2_000);
    }
    assertThat(load.tokensPerMilli()).isCloseTo(2, within(0.1));
    double before = load.tokensPerMilli();
    ticker.pass(3_600_000);
    assertThat(load.tokensPerMilli()).isEqualTo(before);
    send(4_000);
    ticker.pass(1_000);
    assertThat((double) backlog()).isCloseTo(2_000, within(100.0));
  }

  @Test
  void speed_changes_theOldOneIsAnEthAfter65536Tokens() {
    for (int i = 0; i < 40; i++) {
      serve(16_384, 8_192);
    }
    assertThat(load.tokensPerMilli()).isCloseTo(2, within(0.01));
    for (int i = 0; i < 16; i++) {
      serve(4_096, 256);
    }
    // Times add up: an e-th at 2, the rest at 16 tokens a millisecond; chunks of other sizes weigh
    // a little otherwise.
    assertThat(load.tokensPerMilli()).isBetween(4.0, 4.9);
    for (int i = 0; i < 160; i++) {
      serve(4_096, 256);
    }
    assertThat(load.tokensPerMilli()).isCloseTo(16, within(0.1));
  }

  @Test
  void speed_twoFirstTokensTogether_countTheTimeOnce() {
    for (int i = 0; i < 100; i++) {
      Lease first = send(2_000);
      Lease second = send(2_000);
      ticker.pass(1_000);
      first.firstByte(true);
      second.firstByte(true);
      first.close(DONE);
      second.close(DONE);
    }
    assertThat(load.tokensPerMilli()).isCloseTo(4, within(0.1));
  }

  @Test
  void confidence_growsWithWhatWasMeasured_andFadesInMinutes() {
    assertThat(load.confidence(ticker.nanos())).isZero();
    serve(8_192, 100);
    assertThat(load.confidence(ticker.nanos())).isCloseTo(0.5, within(1e-3));
    for (int i = 0; i < 40; i++) {
      serve(8_192, 100);
    }
    double much = load.confidence(ticker.nanos());
    assertThat(much).isBetween(0.85, 1.0);
    ticker.pass(60_000);
    assertThat(load.confidence(ticker.nanos())).isCloseTo(much / 2, within(1e-3));
  }

  // ---- the time to the first token

  @Test
  void ttft_isForATokenOfTheWork_500OfWhichEveryRequestHas() {
    assertThat(ttft()).isZero();
    serve(1_000, 100);
    assertThat(ttft()).isCloseTo(0.1, within(1e-3));
    serve(10_000, 1_000);
    assertThat(ttft()).as("as fast").isCloseTo(0.1, within(0.01));
  }

  @Test
  void ttft_worseCountsAtOnce_betterLittleByLittle() {
    serve(1_000, 100);
    serve(1_000, 300);
    assertThat(ttft()).isCloseTo(0.3, within(1e-3));
    ticker.pass(9_900);
    serve(1_000, 100);
    // Ten seconds later: 0.3 / e + 0.1 (1 - 1 / e).
    assertThat(ttft()).isCloseTo(0.3 / Math.E + 0.1 * (1 - 1 / Math.E), within(1e-3));
  }

  @Test
  void ttft_nothingComes_fadesAwayInTensOfSeconds() {
    serve(1_000, 300);
    ticker.pass(10_000);
    assertThat(ttft()).isCloseTo(0.3 / Math.E, within(1e-3));
    ticker.pass(10_000);
    assertThat(ttft()).isCloseTo(0.3 / Math.E / Math.E, within(1e-3));
    ticker.pass(600_000);
    assertThat(ttft()).isCloseTo(0, within(1e-6));
  }

  // ---- the length of answers

  @Test
  void outputTokens_whatServersReport_isAveraged_theRestIsNot() {
    assertThat(load.outputTokens()).isEqualTo(200);
    serve(500, 100);
    assertThat(load.outputTokens()).as("nobody said").isEqualTo(200);
    Lease lease = send(500);
    lease.usage(500, 1_000, -1);
    lease.close(DONE);
    assertThat(load.outputTokens()).as("a twentieth of the way").isEqualTo(240);
    for (int i = 0; i < 200; i++) {
      Lease more = send(500);
      more.usage(500, 1_000, -1);
      more.close(DONE);
    }
    assertThat(load.outputTokens()).isEqualTo(1_000);
  }
}
