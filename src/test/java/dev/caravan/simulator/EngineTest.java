package dev.caravan.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The engine model in virtual time: step times, batching, prefix cache, queue. */
class EngineTest {
  private static final long MS = 1_000_000;
  private static final long[] NO_HASHES = {};

  private final List<long[]> steps = new ArrayList<>();
  private final StepObserver record =
      (start, end, prefill, decode) -> steps.add(new long[] {start, end, prefill, decode});

  @ParameterizedTest
  @CsvSource({"1,8.2", "64,9.6", "256,11.7", "512,17.4", "1024,29.1", "2048,62.3"})
  void stepTime_h100_followsTheMeasuredTable(int tokens, double millis) {
    long nanos = StepTime.H100.nanos(tokens, tokens * (tokens / 2.0), 0, 1);
    assertThat(nanos / 1e6).isCloseTo(millis, Percentage.withPercentage(15));
  }

  @ParameterizedTest
  @CsvSource({"1,9.8", "64,11.3", "256,19.6", "512,34.9", "1024,75.6", "2048,143"})
  void stepTime_a100_followsTheMeasuredTable(int tokens, double millis) {
    long nanos = StepTime.A100.nanos(tokens, tokens * (tokens / 2.0), 0, 1);
    assertThat(nanos / 1e6).isCloseTo(millis, Percentage.withPercentage(15));
  }

  @Test
  void submit_onePrompt_takesEntryPrefillAndDecodes() {
    Engine engine = new Engine(EngineParameters.H100, record);
    Heard heard = new Heard();
    Sequence sequence = engine.submit(0, NO_HASHES, 512, 3, heard);
    engine.advanceTo(Long.MAX_VALUE);

    assertThat(sequence.state()).isEqualTo(Sequence.State.FINISHED);
    assertThat(heard.atNanos).hasSize(3);
    // 15 ms entry, then a prefill step of 512 tokens: 17.2 ms and 0.13 ms of attention.
    assertThat(heard.firstAtNanos / 1e6).isCloseTo(15 + 17.2 + 0.13 + 0.05, within(0.1));
    assertThat((heard.atNanos.get(1) - heard.atNanos.get(0)) / 1e6)
        .isCloseTo(8.2 + 0.04 + 0.014 + 0.05, within(0.1));
    assertThat(heard.finishedAtNanos).isEqualTo(heard.atNanos.get(2));
    assertThat(steps).extracting(step -> step[2]).containsExactly(512L, 0L, 0L);
    assertThat(steps).extracting(step -> step[3]).containsExactly(0L, 1L, 1L);
  }

  @Test
  void submit_longPrompt_isPrefilledInChunksOfTheBudget() {
    Engine engine = new Engine(EngineParameters.H100, record);
    engine.submit(0, NO_HASHES, 5_000, 1, SequenceListener.SILENT);
    engine.advanceTo(Long.MAX_VALUE);
    assertThat(steps).extracting(step -> step[2]).containsExactly(2048L, 2048L, 904L);
  }

  @Test
  void chunkedPrefill_besideDecodes_doesNotStarveThem() {
    Engine engine = new Engine(EngineParameters.H100, record);
    Heard decoding = new Heard();
    engine.submit(0, NO_HASHES, 16, 200, decoding);
    engine.advanceTo(40 * MS);
    engine.submit(40 * MS, NO_HASHES, 100_000, 1, SequenceListener.SILENT);
    engine.advanceTo(Long.MAX_VALUE);

    assertThat(steps).filteredOn(step -> step[2] == 2_047).hasSizeGreaterThan(40);
    for (int i = 1; i < decoding.atNanos.size(); i++) {
      // One step of 2,048 tokens with 100k of context: 62 ms and 2,048 x 100k x 1 ns = 205 ms.
      assertThat(decoding.atNanos.get(i) - decoding.atNanos.get(i - 1)).isLessThan(270 * MS);
    }
    assertThat(decoding.atNanos).hasSize(200);
  }

  @Test
  void submit_samePromptAgain_hitsThePrefixCache() {
    Engine engine = new Engine(EngineParameters.H100, record);
    long[] hashes = chain(7, 64);
    Sequence cold = engine.submit(0, hashes, 1_024, 4, SequenceListener.SILENT);
    engine.advanceTo(Long.MAX_VALUE);
    long later = engine.counters().steps() * 100 * MS;
    Sequence warm = engine.submit(later, hashes, 1_024, 4, SequenceListener.SILENT);
    Sequence shared = engine.submit(later, chain(7, 32, 9, 32), 1_024, 4, SequenceListener.SILENT);
    engine.advanceTo(Long.MAX_VALUE);

    assertThat(cold.cachedTokens()).isZero();
    assertThat(warm.cachedTokens()).as("all but the block of the last token").isEqualTo(63 * 16);
    assertThat(shared.cachedTokens()).isEqualTo(32 * 16);
    assertThat(engine.counters().prefixQueryTokens()).isEqualTo(3 * 1_024);
    assertThat(engine.counters().prefixHitTokens()).isEqualTo(95 * 16);
  }

  @Test
  void submit_nextTurnOfAConversation_hitsTheAnswersBlocks() {
    Engine engine = new Engine(EngineParameters.H100, record);
    long[] hashes = chain(7, 16);
    engine.submit(0, hashes, 128, 128, SequenceListener.SILENT);
    engine.advanceTo(Long.MAX_VALUE);
    Sequence next = engine.submit(9_000 * MS, hashes, 256, 1, SequenceListener.SILENT);
    engine.advanceTo(Long.MAX_VALUE);
    assertThat(next.cachedTokens()).isEqualTo(15 * 16);
  }

  @Test
  void prefixCache_full_evictsTheLeastRecentlyUsedLeafFirst() {
    Engine engine = new Engine(EngineParameters.H100.withKv(40, 16));
    run(engine, chain(1, 20), 320);
    run(engine, chain(2, 18), 288);
    run(engine, chain(3, 9), 144);

    // 40 blocks: of the oldest prompt the last blocks are gone, the first ones still found.
    int oldest = run(engine, chain(1, 20), 320).cachedTokens();
    assertThat(oldest).as("seven of twenty were evicted").isEqualTo(13 * 16);
    assertThat(run(engine, chain(3, 9), 144).cachedTokens()).isEqualTo(8 * 16);
  }

  @Test
  void prefixCache_blocksOfRunningSequences_areNotEvicted() {
    Engine engine = new Engine(EngineParameters.H100.withKv(40, 16));
    Sequence holder = engine.submit(0, chain(1, 20), 320, 40, SequenceListener.SILENT);
    engine.advanceTo(60 * MS);
    engine.submit(60 * MS, chain(2, 17), 272, 1, SequenceListener.SILENT);
    Sequence sharer = engine.submit(60 * MS, chain(1, 20), 320, 1, SequenceListener.SILENT);
    engine.advanceTo(Long.MAX_VALUE);
    assertThat(holder.state()).isEqualTo(Sequence.State.FINISHED);
    assertThat(sharer.cachedTokens()).isEqualTo(19 * 16);
  }

  @Test
  void submit_moreThanMaxSequences_queuesFirstComeFirstServed() {
    Engine engine = new Engine(EngineParameters.H100.withMaxSequences(4), record);
    List<Integer> finished = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      int number = i;
      engine.submit(
          i,
          NO_HASHES,
          32,
          8,
          new SequenceListener() {
            @Override
            public void finished(Sequence sequence, long atNanos) {
              finished.add(number);
            }
          });
    }
    engine.advanceTo(30 * MS);
    assertThat(engine.running()).isEqualTo(4);
    assertThat(engine.waiting()).isEqualTo(6);
    engine.advanceTo(Long.MAX_VALUE);
    assertThat(finished).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    assertThat(steps).allMatch(step -> step[3] <= 4);
  }

  @Test
  void abort_anywhere_freesItsBlocksAndIsSilent() {
    Engine engine = new Engine(EngineParameters.H100.withMaxSequences(1));
    Heard heard = new Heard();
    Sequence running = engine.submit(0, chain(1, 8), 128, 100, heard);
    Sequence waiting = engine.submit(1, chain(2, 8), 128, 100, heard);
    engine.advanceTo(100 * MS);
    Sequence entering = engine.submit(100 * MS, chain(3, 8), 128, 100, heard);
    int before = heard.atNanos.size();
    assertThat(engine.kvBlocksHeld()).isGreaterThanOrEqualTo(8);

    engine.abort(entering);
    engine.abort(waiting);
    engine.abort(running);
    engine.abort(running);
    engine.advanceTo(Long.MAX_VALUE);

    assertThat(heard.atNanos).hasSize(before);
    assertThat(engine.kvBlocksHeld()).isZero();
    assertThat(engine.kvUsage()).isZero();
    assertThat(engine.running() + engine.waiting() + engine.entering()).isZero();
    assertThat(engine.counters().aborted()).isEqualTo(3);
    assertThat(engine.nextEventNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void blocksRunOut_preemptsTheLastAdmittedAndFinishesAll() {
    Engine engine = new Engine(EngineParameters.H100.withKv(20, 16));
    List<Heard> all = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Heard heard = new Heard();
      all.add(heard);
      engine.submit(i, chain(i + 1, 20), 80, 200, heard);
    }
    engine.advanceTo(Long.MAX_VALUE);
    assertThat(engine.counters().preemptions()).isPositive();
    assertThat(all).allMatch(heard -> heard.atNanos.size() == 200);
    assertThat(all.get(0).finishedAtNanos).isLessThan(all.get(2).finishedAtNanos);
    assertThat(engine.kvBlocksHeld()).isZero();
  }

  @Test
  void submit_largerThanTheKvCache_isRefused() {
    Engine engine = new Engine(EngineParameters.H100.withKv(10, 16));
    assertThatThrownBy(() -> engine.submit(0, NO_HASHES, 100, 61, SequenceListener.SILENT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("161 tokens exceed the KV cache of 160 tokens");
  }

  @Test
  void slowdown_ofThree_makesStepsThreeTimesAsLong() {
    Engine engine = new Engine(EngineParameters.H100, record);
    engine.slowdown(3);
    engine.submit(0, NO_HASHES, 1, 2, SequenceListener.SILENT);
    engine.advanceTo(Long.MAX_VALUE);
    assertThat((steps.get(1)[1] - steps.get(1)[0]) / 1e6).isCloseTo(3 * 8.2, within(0.3));
  }

  private static Sequence run(Engine engine, long[] hashes, int promptTokens) {
    long at = engine.counters().steps() * 1_000 * MS;
    Sequence sequence = engine.submit(at, hashes, promptTokens, 1, SequenceListener.SILENT);
    engine.advanceTo(Long.MAX_VALUE);
    return sequence;
  }

  /** Hashes of {@code count} blocks for each pair of seed and count. */
  static long[] chain(int... seedsAndCounts) {
    List<Long> hashes = new ArrayList<>();
    for (int i = 0; i < seedsAndCounts.length; i += 2) {
      for (int block = 0; block < seedsAndCounts[i + 1]; block++) {
        hashes.add(seedsAndCounts[i] * 1_000_000L + hashes.size());
      }
    }
    return hashes.stream().mapToLong(Long::longValue).toArray();
  }

  /** What a sequence told its listener. */
  static final class Heard implements SequenceListener {
    final List<Long> atNanos = new ArrayList<>();
    long firstAtNanos;
    long finishedAtNanos;

    @Override
    public void firstToken(Sequence sequence, long at) {
      firstAtNanos = at;
    }

    @Override
    public void token(Sequence sequence, int index, long at) {
      assertThat(index).isEqualTo(atNanos.size());
      atNanos.add(at);
    }

    @Override
    public void finished(Sequence sequence, long at) {
      finishedAtNanos = at;
    }
  }
}
