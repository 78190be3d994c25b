package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.Conversation;
import dev.caravan.request.Conversation.Source;
import dev.caravan.request.InferenceRequest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ConsistentHashBalancerTest extends BalancerContract {

  @Override
  String balancer() {
    return "consistent-hash";
  }

  @Override
  double[] dueShares(int[] weights) {
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).mapToDouble(weight -> weight / sum).toArray();
  }

  /** Every request is a conversation of its own: equal ones would all be for one server. */
  @Override
  InferenceRequest request(int number) {
    return AnyRequest.chat().in(Conversation.of(Source.HEADER, "conversation-" + number));
  }

  /** Forty keys leave out one of five servers once in 1,500 times. */
  @Override
  int roundsUntilEveryoneHasOne() {
    return 8;
  }

  /** Four standard deviations of 2,000 of 10,000 keys. */
  @Override
  double dueWithin() {
    return 0.08;
  }

  @Override
  double evenWithin() {
    return 0.08;
  }

  @Override
  double slackOfShare(double due) {
    return 4 * Math.sqrt(due);
  }

  /**
   * It spills what is above its bound, which is as much lower as its share: with a few requests
   * under way it may hold one at a time, and its keys do not wait for each other.
   */
  @Override
  double leastOfShare() {
    return 0.6;
  }

  @Override
  int mostOfAStuckServer(int picks, double due) {
    return 2; // 8 times its share of a fifth, rounded up
  }

  /** Where each of 2,000 conversations goes, one after the other. */
  private int[] homes(Road road) {
    int[] homes = new int[2_000];
    for (int i = 0; i < homes.length; i++) {
      homes[i] = road.hold(request(i));
      road.release();
    }
    return homes;
  }

  @Test
  void sameConversation_sameServer_atEveryGateway() {
    int[] homes = homes(road(UNLIMITED, 1, 2, 1, 3));
    assertThat(homes(road(UNLIMITED, 1, 2, 1, 3))).isEqualTo(homes);
    Road other = new Road(selector(99), this::request, ticker, UNLIMITED, 1, 2, 1, 3);
    assertThat(homes(other)).isEqualTo(homes);
  }

  @Test
  void noConversation_wholePromptIsTheKey() {
    Road road = road(UNLIMITED, 1, 1, 1, 1, 1, 1, 1, 1);
    Set<Integer> used = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      int first = road.hold(AnyRequest.talk("", AnyRequest.words(i, 50)));
      road.release();
      assertThat(road.hold(AnyRequest.talk("", AnyRequest.words(i, 50)))).isEqualTo(first);
      road.release();
      used.add(first);
    }
    assertThat(used).hasSize(8);
  }

  @Test
  void serverLost_onlyItsConversationsMove_andComeBack() {
    Road road = road(UNLIMITED, 1, 1, 1, 1, 1, 1, 1, 1);
    int[] before = homes(road);
    road.servers[5].availability(DOWN);
    int[] during = homes(road);
    int moved = 0;
    for (int i = 0; i < before.length; i++) {
      moved += before[i] == 5 ? 1 : 0;
      assertThat(during[i] != before[i]).isEqualTo(before[i] == 5);
    }
    // An eighth; four standard deviations are 60.
    assertThat(moved).isBetween(190, 310);
    road.servers[5].availability(Availability.UP);
    assertThat(homes(road)).isEqualTo(before);
  }

  @Test
  void slowStart_conversationsComeHomeOneByOne_andNobodyElsesMove() {
    Road road = road(UNLIMITED, 1, 1, 1, 1);
    int[] home = homes(road);
    int[] before = new int[home.length];
    int hadCome = -1;
    for (double share : new double[] {0.1, 0.3, 0.6, 1}) {
      road.servers[2].share(() -> share);
      int[] now = homes(road);
      int come = 0;
      for (int i = 0; i < now.length; i++) {
        come += now[i] == 2 ? 1 : 0;
        if (home[i] != 2) {
          assertThat(now[i]).isEqualTo(home[i]);
        } else if (before[i] == 2) {
          assertThat(now[i]).as("who is home stays there").isEqualTo(2);
        }
      }
      assertThat(come).isGreaterThan(hadCome);
      hadCome = come;
      before = now;
    }
    assertThat(before).isEqualTo(home);
  }

  @Test
  void oneConversationCrowds_nobodyIsOverTheBound_andItsHomeFillsFirst() {
    Road road = road(UNLIMITED, 1, 1, 1, 1);
    int home = road.hold(request(1));
    for (int held = 2; held <= 400; held++) {
      int index = road.hold(request(1));
      if (held <= 8) {
        assertThat(index).as("eight are no load").isEqualTo(home);
      }
      double most = Math.max(8, Math.ceil(1.25 * held / 4));
      assertThat((double) road.servers[index].inflight()).isLessThanOrEqualTo(most);
    }
    assertThat(road.servers[home].inflight()).isEqualTo(125);
    road.finish();
  }

  @Test
  void homeHasALongPromptToCompute_nextTurnSpills_untilThatIsDone() {
    Road road = road(UNLIMITED, 1, 1, 1, 1);
    Conversation talk = Conversation.of(Source.HEADER, "a talk");
    int home = road.hold(AnyRequest.talk("", AnyRequest.words(1, 20_000)).in(talk));
    int spilled = road.hold(AnyRequest.chat().in(talk));
    assertThat(spilled).as("two seconds of work are before it").isNotEqualTo(home);
    assertThat(road.hold(AnyRequest.chat().in(talk))).isEqualTo(spilled);
    road.firstToken();
    assertThat(road.hold(AnyRequest.chat().in(talk))).isEqualTo(home);
    road.finish();
    assertThat(road.servers).allMatch(server -> server.load().queued() == 0);
  }
}
