package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.request.AnyRequest;
import dev.caravan.request.Conversation;
import dev.caravan.request.Conversation.Source;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.Chance;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

class ConsistentHashTest extends PickerContract {

  @Override
  protected Picker picker(Chance chance) {
    return new ConsistentHash();
  }

  /** Equal requests would all be for one server. */
  @Override
  protected InferenceRequest request(int number) {
    return request.in(Conversation.ofHash(Source.HEADER, number));
  }

  @Test
  void pick_sameKey_sameServerWhateverIsInBetween() {
    Picker picker = picker();
    Candidates all = Offers.all(Offers.alike(5));
    for (int key = 0; key < 200; key++) {
      int first = picker.pick(request(key), all);
      for (int other = 0; other < 5; other++) {
        picker.pick(request(1_000 + other), all);
      }
      assertThat(picker.pick(request(key), all)).isEqualTo(first);
    }
  }

  @Test
  void pick_oneServerLost_othersKeysStay() {
    Picker picker = picker();
    Snapshot offer = Offers.alike(5);
    Candidates all = Offers.all(offer);
    IntPredicate survivors = index -> index != 1;
    Candidates four = Offers.some(offer, survivors);
    for (int key = 0; key < 2_000; key++) {
      int before = all.view(picker.pick(request(key), all)).index();
      int after = four.view(picker.pick(request(key), four)).index();
      assertThat(after == before).isEqualTo(before != 1);
    }
  }

  @Test
  void pick_tenantsWithTheSamePrompt_haveKeysOfTheirOwn() {
    Picker picker = picker();
    Candidates all = Offers.all(Offers.alike(8));
    InferenceRequest prompt = AnyRequest.talk("", AnyRequest.words(1, 100));
    int first = picker.pick(prompt, all);
    int elsewhere = 0;
    for (int tenant = 1; tenant <= 80; tenant++) {
      elsewhere += picker.pick(prompt.of(tenant), all) == first ? 0 : 1;
    }
    assertThat(elsewhere).isBetween(60, 79);
  }

  @Test
  void pick_weights_keysAreSharedByThem() {
    int[] counts = counts(picker(), Offers.all(Offers.weights(1, 2, 7)), 20_000);
    assertThat(counts[0]).isBetween(1_830, 2_170);
    assertThat(counts[2]).isBetween(13_740, 14_260);
  }
}
