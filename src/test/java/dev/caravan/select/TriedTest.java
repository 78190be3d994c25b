package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TriedTest {

  @Test
  void none_anyPosition_containsNobody() {
    for (int i = 0; i < 300; i++) {
      assertThat(Tried.NONE.contains(i)).isFalse();
    }
    assertThat(Tried.NONE.count()).isZero();
    assertThat(Tried.NONE).hasToString("{}");
  }

  @Test
  void and_oneMore_leavesTheFormerAsItWas() {
    Tried one = Tried.NONE.and(3);
    Tried two = one.and(64);
    assertThat(one).hasToString("{3}");
    assertThat(two).hasToString("{3, 64}");
    assertThat(Tried.NONE.count()).isZero();
  }

  @Test
  void and_negativePosition_isRefused() {
    assertThatThrownBy(() -> Tried.NONE.and(-1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Property
  void and_anyPositions_isTheirSet(@ForAll List<@IntRange(max = 200) Integer> positions) {
    Tried tried = Tried.NONE;
    BitSet expected = new BitSet();
    for (int position : positions) {
      tried = tried.and(position);
      expected.set(position);
    }
    assertThat(tried.count()).isEqualTo(expected.cardinality());
    assertThat(tried).hasToString(expected.toString());
    for (int i = 0; i < 300; i++) {
      assertThat(tried.contains(i)).isEqualTo(expected.get(i));
    }
  }
}
