package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import java.util.Arrays;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

class PeakEwmaBalancerTest extends BalancerContract {
  private final InferenceRequest prompt = AnyRequest.talk("", AnyRequest.words(1, 500));

  @Override
  String balancer() {
    return "peak-ewma";
  }

  @Override
  double[] dueShares(int[] weights) {
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).mapToDouble(weight -> weight / sum).toArray();
  }

  @Override
  int mostOfAStuckServer(int picks, double due) {
    return 1; // the others are idle at every pick
  }

  /** One request after the other; the first token takes as long as the server does. */
  private int[] serve(Road road, int requests, IntToLongFunction millis) {
    int[] counts = new int[road.servers.length];
    for (int i = 0; i < requests; i++) {
      int index = road.hold(prompt);
      counts[index]++;
      ticker.pass(millis.applyAsLong(index));
      road.firstToken();
      road.release();
    }
    return counts;
  }

  @Test
  void slowServer_isLeftAlone_askedNowAndThen_andBackWhenItIsFast() {
    Road road = road(UNLIMITED, 1, 1, 1);
    serve(road, 100, index -> 50);
    int[] slow = serve(road, 2_000, index -> index == 0 ? 500 : 50);
    assertThat(slow[0]).isBetween(1, 20);
    serve(road, 2_000, index -> 50);
    assertThat(serve(road, 1_000, index -> 50)[0]).isBetween(250, 420);
    road.finish();
  }

  @Test
  void slowServerUnderLoad_getsByItsSpeed() {
    Road road = road(UNLIMITED, 1, 1);
    serve(road, 2, index -> index == 0 ? 200 : 50);
    int[] counts = road.shares(1_000, 100);
    // Four times as slow: a fifth, less what it costs beside its prompt.
    assertThat(counts[0]).isBetween(150, 250);
    road.finish();
  }

  @Test
  void oneLongFirstToken_countsAtOnce_fastOnesLittleByLittle() {
    Road road = road(UNLIMITED, 1, 1);
    serve(road, 100, index -> 50);
    int hit = road.hold(prompt);
    ticker.pass(2_000);
    road.firstToken();
    road.release();
    int[] next = serve(road, 50, index -> 50);
    assertThat(next[hit]).isZero();
    road.finish();
  }

  @Test
  void unknownServer_getsNoBurstBeforeItsFirstAnswer() {
    Road road = road(UNLIMITED, 1, 1, 1);
    road.servers[2].availability(DOWN);
    serve(road, 20, index -> 50);
    road.servers[2].availability(Availability.UP);
    int[] counts = new int[3];
    for (int i = 0; i < 30; i++) {
      counts[road.hold(prompt)]++;
    }
    // Known ones need 50 ms for 1,000 tokens, unknown ones are taken to need twice as long.
    assertThat(counts[2]).isBetween(1, 10);
    road.finish();
  }

  @Test
  void longPrompts_areNoSlowServer() {
    Road road = road(UNLIMITED, 1, 1);
    InferenceRequest lengthy = AnyRequest.talk("", AnyRequest.words(1, 9_500));
    int busy = road.hold(lengthy);
    ticker.pass(500);
    road.firstToken();
    road.release();
    int[] counts = serve(road, 1_000, index -> 50);
    assertThat(counts[busy]).as("500 ms for 10,000 tokens, 50 ms for 1,000").isBetween(450, 550);
    road.finish();
  }
}
