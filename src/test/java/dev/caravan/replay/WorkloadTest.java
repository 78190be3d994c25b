package dev.caravan.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.request.PromptPrefix;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkloadTest {

  private static Trace trace(long[]... blocks) {
    List<Trace.Request> requests =
        Arrays.stream(blocks)
            .map(each -> new Trace.Request(0, each.length * 512 - 100, 5, each))
            .toList();
    return new Trace("made", requests);
  }

  @Test
  void of_equalBlocks_haveEqualTextAndHashes() {
    Workload workload =
        Workload.of(trace(new long[] {1, 2, 3}, new long[] {1, 2, 4}, new long[] {1, 2, 3}), 16);
    PromptPrefix first = workload.items().get(0).request().prefix();
    PromptPrefix second = workload.items().get(1).request().prefix();
    PromptPrefix third = workload.items().get(2).request().prefix();
    int shared = 0;
    while (first.hash(shared) == second.hash(shared)) {
      shared++;
    }
    // Two blocks of 512 tokens of 3.2 to 4.8 bytes, in chunks of 512 bytes.
    assertThat(shared).isBetween(6, 9);
    assertThat(first.chunks()).isGreaterThan(shared);
    assertThat(third.chunks()).isEqualTo(first.chunks());
    assertThat(third.hash(first.chunks() - 1)).isEqualTo(first.hash(first.chunks() - 1));

    long[] hashes = workload.items().get(0).hashes();
    assertThat(hashes).hasSize((3 * 512 - 100) / 16);
    assertThat(workload.items().get(1).hashes()).startsWith(Arrays.copyOf(hashes, 64));
    assertThat(workload.items().get(1).hashes()[64]).isNotEqualTo(hashes[64]);
    assertThat(workload.items().get(2).hashes()).containsExactly(hashes);
  }

  @Test
  void of_equalBlocksBehindOthers_haveOtherHashes() {
    Workload workload = Workload.of(trace(new long[] {1, 9}, new long[] {2, 9}), 16);
    assertThat(workload.items().get(0).hashes()[40])
        .isNotEqualTo(workload.items().get(1).hashes()[40]);
  }

  @Test
  void of_sample_isEstimatedOffAsInLife() {
    double counted = 0;
    double estimated = 0;
    double worst = 0;
    for (Workload.Item item : Sample.MOONCAKE.items()) {
      counted += item.promptTokens();
      estimated += item.request().promptTokens();
      if (item.promptTokens() > 1_000) {
        double off = (double) item.request().promptTokens() / item.promptTokens();
        worst = Math.max(worst, Math.abs(off - 1));
      }
      assertThat(item.request().stream()).isTrue();
      assertThat(item.request().conversation().known()).isTrue();
      assertThat(item.request().body().refCnt()).as("its text is let go").isZero();
    }
    assertThat(estimated / counted).isCloseTo(1, within(0.05));
    assertThat(worst).isBetween(0.05, 0.25);
  }

  @Test
  void of_blockSizeThatDoesNotFit_says() {
    assertThatThrownBy(() -> Workload.of(trace(new long[] {1}), 24))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("24");
  }

  @Test
  void ceiling_ofAFewRequests_isWhatOneCountsByHand() {
    // 924 tokens each, of which 512 are block 1; the second finds those, the third all but the last
    // token's block, and where only one prompt has room, the fourth finds nothing of 7.
    Workload workload =
        Workload.of(
            trace(
                new long[] {1, 2},
                new long[] {1, 3},
                new long[] {1, 3},
                new long[] {7, 8},
                new long[] {1, 3}),
            16);
    double all = 5 * 924;
    Ceiling endless = Ceiling.of(workload, Setup.DEFAULT);
    double whole = 912; // 57 blocks of 16; the 924th token is in the 58th
    assertThat(endless.oracle()).isCloseTo((512 + whole + whole) / all, within(1e-9));
    assertThat(endless.pooled()).isEqualTo(endless.oracle());
    assertThat(endless.slowAlone()).isZero();
    Setup small = Setup.DEFAULT.withServers(1).withEngine(Setup.DEFAULT.engine().withKv(60, 16));
    assertThat(Ceiling.of(workload, small).pooled()).isCloseTo((512 + whole) / all, within(1e-9));
    assertThat(Ceiling.of(workload, Setup.DEFAULT.withTtftLimit(10)).slowAlone()).isEqualTo(1);
  }
}
