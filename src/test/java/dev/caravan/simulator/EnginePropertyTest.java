package dev.caravan.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.time.Chance;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** What must hold of the engine whatever arrives and whoever leaves. */
class EnginePropertyTest {

  @Property(tries = 200)
  void anyTraffic_neverLeaksBlocksNorExceedsItsLimits(
      @ForAll long seed,
      @ForAll @IntRange(min = 12, max = 80) int kvBlocks,
      @ForAll @IntRange(min = 1, max = 8) int maxSequences) {
    EngineParameters parameters =
        new EngineParameters(StepTime.H100, 15_000_000, 46_000, 32, maxSequences, 4, kvBlocks);
    Engine engine =
        new Engine(
            parameters,
            (start, end, prefill, decode) -> {
              assertThat(prefill + decode).isBetween(1, 32);
              assertThat(end).isGreaterThan(start);
            });
    Chance chance = Chance.seeded(seed);
    List<Sequence> all = new ArrayList<>();
    long now = 0;
    for (int i = 0; i < 120; i++) {
      now += chance.below(40_000_000);
      engine.advanceTo(now);
      checkBlocks(engine, kvBlocks, maxSequences);
      if (chance.unit() < 0.25 && !all.isEmpty()) {
        engine.abort(all.get(chance.below(all.size())));
      } else {
        int prompt = 1 + chance.below(30);
        long[] hashes = EngineTest.chain(1 + chance.below(3), 12);
        all.add(engine.submit(now, hashes, prompt, chance.below(17), SequenceListener.SILENT));
      }
      checkBlocks(engine, kvBlocks, maxSequences);
    }
    engine.advanceTo(Long.MAX_VALUE);

    assertThat(engine.kvBlocksHeld()).isZero();
    assertThat(engine.running() + engine.waiting() + engine.entering()).isZero();
    assertThat(engine.counters().finished() + engine.counters().aborted()).isEqualTo(all.size());
    assertThat(all)
        .filteredOn(sequence -> sequence.state() == Sequence.State.FINISHED)
        .allMatch(sequence -> sequence.madeTokens() == sequence.outputTokens());
  }

  @Property(tries = 20)
  void sameTraffic_sameAnswers(@ForAll long seed) {
    assertThat(timeline(seed)).isEqualTo(timeline(seed));
  }

  private static List<Long> timeline(long seed) {
    Engine engine = new Engine(EngineParameters.A100.withKv(500, 16));
    Chance chance = Chance.seeded(seed);
    List<EngineTest.Heard> all = new ArrayList<>();
    long now = 0;
    for (int i = 0; i < 60; i++) {
      now += chance.below(30_000_000);
      engine.advanceTo(now);
      EngineTest.Heard heard = new EngineTest.Heard();
      all.add(heard);
      int blocks = 1 + chance.below(60);
      engine.submit(
          now, EngineTest.chain(chance.below(4), blocks), blocks * 16, 1 + chance.below(50), heard);
    }
    engine.advanceTo(Long.MAX_VALUE);
    return all.stream().flatMap(heard -> heard.atNanos.stream()).toList();
  }

  private static void checkBlocks(Engine engine, int kvBlocks, int maxSequences) {
    assertThat(engine.running()).isLessThanOrEqualTo(maxSequences);
    Set<Integer> held = new HashSet<>();
    for (Sequence sequence : engine.runningSequences()) {
      for (int i = 0; i < sequence.blockCount; i++) {
        held.add(sequence.blocks[i]);
      }
    }
    assertThat(engine.kvBlocksHeld()).isEqualTo(held.size()).isLessThanOrEqualTo(kvBlocks);
  }
}
