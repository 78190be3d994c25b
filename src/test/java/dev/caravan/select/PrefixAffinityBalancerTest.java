package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Work;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class PrefixAffinityBalancerTest extends BalancerContract {
  private final InferenceRequest brief = AnyRequest.talk("", AnyRequest.words(1, 60));

  @Override
  String balancer() {
    return "prefix-affinity";
  }

  /** How fast a server is, it learns; weights say nothing here. */
  @Override
  double[] dueShares(int[] weights) {
    double[] due = new double[weights.length];
    Arrays.fill(due, 1.0 / weights.length);
    return due;
  }

  /** Shorter than a chunk: nobody can have it, and it leaves nothing behind. */
  @Override
  InferenceRequest request(int number) {
    return brief;
  }

  @Override
  int mostOfAStuckServer(int picks, double due) {
    return 1; // the others are idle at every pick
  }

  /** A server is to compute a prompt of so many tokens. */
  private Lease busy(Backend server, int tokens) {
    Work work = new Work(tokens, 0, 0, true);
    return Objects.requireNonNull(Lease.open(server, "llama", ticker, work));
  }

  private static int send(Road road, InferenceRequest request) {
    int index = road.hold(request);
    road.release();
    return index;
  }

  @Test
  void nextTurns_goWhereTheConversationIsCached() {
    Road road = road(UNLIMITED, 1, 1, 1, 1);
    List<List<String>> talks = new ArrayList<>();
    int[] at = new int[12];
    for (int turn = 0; turn < 6; turn++) {
      for (int i = 0; i < at.length; i++) {
        if (turn == 0) {
          talks.add(new ArrayList<>());
        } else {
          talks.get(i).add(AnyRequest.words(1_000 + 100L * turn + i, 50));
        }
        talks.get(i).add(AnyRequest.words(100L * turn + i, 600));
        String system = AnyRequest.words(-1, 300);
        int index = send(road, AnyRequest.talk(system, talks.get(i).toArray(String[]::new)));
        if (turn > 0) {
          assertThat(index).isEqualTo(at[i]);
        }
        at[i] = index;
      }
    }
    assertThat(new TreeSet<>(Arrays.stream(at).boxed().toList())).hasSize(4);
    road.finish();
  }

  @Test
  void cacheIsBusy_isLeftWhereWaitingCostsMoreThanComputingAnew_andFoundAgain() {
    Road road = road(UNLIMITED, 1, 1, 1);
    String first = AnyRequest.words(1, 8_000);
    String second = AnyRequest.words(2, 50);
    int at = send(road, AnyRequest.talk("", first));
    InferenceRequest next = AnyRequest.talk("", first, second);
    Lease little = busy(road.servers[at], 500);
    assertThat(road.hold(next)).as("500 tokens to wait, 8,000 to save").isEqualTo(at);
    road.release();
    little.close(new Completed(200));
    Lease much = busy(road.servers[at], 20_000);
    int elsewhere = road.hold(next);
    assertThat(elsewhere).as("20,000 tokens to wait").isNotEqualTo(at);
    road.release();
    much.close(new Completed(200));
    assertThat(send(road, next)).as("both have it now").isIn(at, elsewhere);
    road.finish();
  }

  @Test
  void promptsShareOnlyASystemPrompt_allCachesFillAlike() {
    Road road = road(UNLIMITED, 1, 1, 1, 1);
    String system = AnyRequest.words(-1, 1_000);
    int[] counts = new int[4];
    for (int i = 0; i < 800; i++) {
      counts[send(road, AnyRequest.talk(system, AnyRequest.words(i, 1_000)))]++;
    }
    assertThat(Arrays.stream(counts)).allMatch(count -> count >= 160 && count <= 240);
    road.finish();
  }

  @Test
  void tenants_doNotSeeEachOthersPrompts() {
    Road road = road(UNLIMITED, 1, 1, 1);
    InferenceRequest prompt = AnyRequest.talk("", AnyRequest.words(1, 2_000));
    int index = send(road, prompt.of(1));
    for (int i = 0; i < 3; i++) {
      send(road, brief.of(2));
    }
    road.hold(prompt.of(2));
    assertThat(road.log.get(road.log.size() - 1)).doesNotContain("cached=");
    road.release();
    assertThat(send(road, prompt.of(1))).isEqualTo(index);
    assertThat(road.log.get(road.log.size() - 1)).contains("cached=19");
    road.finish();
  }

  @Test
  void cacheIsLost_promptIsNotLookedForThere() {
    Road road = road(UNLIMITED, 1, 1, 1);
    InferenceRequest prompt = AnyRequest.talk("", AnyRequest.words(1, 2_000));
    int index = send(road, prompt);
    assertThat(send(road, prompt)).isEqualTo(index);
    road.servers[index].cacheLost();
    send(road, prompt);
    assertThat(road.log.get(road.log.size() - 1)).doesNotContain("cached=");
    road.finish();
  }

  @Test
  void slowServer_getsLessOfWhatNobodyHasCached() {
    Road road = road(UNLIMITED, 1, 1);
    for (int i = 0; i < 40; i++) {
      Lease slow = busy(road.servers[0], 4_096);
      Lease fast = busy(road.servers[1], 4_096);
      ticker.pass(200);
      fast.firstByte(true);
      ticker.pass(600);
      slow.firstByte(true);
      slow.close(new Completed(200));
      fast.close(new Completed(200));
    }
    int[] counts = road.shares(1_000, 100);
    // Its speed is a quarter, of which a little is not believed yet.
    assertThat(counts[0]).isBetween(180, 240);
    road.finish();
  }
}
