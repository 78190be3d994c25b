package dev.caravan.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.queue.kafka.PartitionOffsets.Snapshot;
import dev.caravan.queue.kafka.PartitionOffsets.Take;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** What may be committed of a partition, whatever the order in which its jobs end. */
class PartitionOffsetsTest {

  private static PartitionOffsets taking(int count) {
    PartitionOffsets offsets = new PartitionOffsets(PartitionOffsets.UNKNOWN, "");
    for (int i = 0; i < count; i++) {
      offsets.take(i);
    }
    return offsets;
  }

  @Test
  void watermark_stopsBeforeTheFirstThatIsNotDone() {
    PartitionOffsets offsets = taking(5);
    offsets.complete(1);
    offsets.complete(2);
    assertThat(offsets.snapshot()).isEqualTo(new Snapshot(0, "done:1.2", 2));
    offsets.complete(0);
    assertThat(offsets.snapshot()).isEqualTo(new Snapshot(3, "", 3));
    offsets.complete(4);
    assertThat(offsets.snapshot()).isEqualTo(new Snapshot(3, "done:1.1", 4));
  }

  @Test
  void offsetsThatTheLogSkips_countAsDone() {
    PartitionOffsets offsets = new PartitionOffsets(10, "");
    offsets.take(14);
    assertThat(offsets.watermark()).isEqualTo(14);
    offsets.take(20);
    offsets.complete(14);
    assertThat(offsets.watermark()).isEqualTo(20);
  }

  @Test
  void whatTheNoteHas_isNotDoneAgain() {
    PartitionOffsets offsets = new PartitionOffsets(10, "done:1.2,1.1");
    List<Take> taken = new ArrayList<>();
    for (long offset = 10; offset < 16; offset++) {
      taken.add(offsets.take(offset));
    }
    assertThat(taken)
        .containsExactly(Take.NEW, Take.DONE, Take.DONE, Take.NEW, Take.DONE, Take.NEW);
    offsets.complete(10);
    assertThat(offsets.watermark()).isEqualTo(13);
  }

  @Test
  void aNoteOfWhatHasNotComeYet_isKept() {
    PartitionOffsets offsets = new PartitionOffsets(10, "done:1.2,5.1");
    offsets.take(10);
    assertThat(offsets.snapshot()).isEqualTo(new Snapshot(10, "done:1.2,5.1", 0));
    offsets.complete(10);
    assertThat(offsets.snapshot()).isEqualTo(new Snapshot(13, "done:5.1", 1));
  }

  @Test
  void aRecordBeforeTheCommit_isOfAnotherLog() {
    assertThat(new PartitionOffsets(500, "").take(0)).isEqualTo(Take.FOREIGN);
  }

  @Test
  void aRecordThatCameTwice_isTakenOnce() {
    PartitionOffsets offsets = taking(2);
    assertThat(offsets.take(1)).isEqualTo(Take.KNOWN);
    offsets.complete(1);
    assertThat(offsets.take(1)).isEqualTo(Take.DONE);
    assertThat(offsets.outstanding()).isEqualTo(2);
  }

  @Test
  void outstanding_countsAJobUntilItsEndIsCommitted() {
    PartitionOffsets offsets = taking(3);
    offsets.complete(2);
    assertThat(offsets.outstanding()).isEqualTo(3);
    Snapshot snapshot = offsets.snapshot();
    offsets.complete(0);
    offsets.committed(snapshot);
    assertThat(offsets.outstanding()).isEqualTo(2);
  }

  @Test
  void aNoteThatDoesNotFit_leavesOutItsEnd() {
    PartitionOffsets offsets = taking(4_000);
    for (int i = 1; i < 4_000; i += 2) {
      offsets.complete(i);
    }
    Snapshot snapshot = offsets.snapshot();
    assertThat(snapshot.note().length()).isLessThanOrEqualTo(4_096).isGreaterThan(4_080);
    assertThat(snapshot.covered()).isEqualTo(OffsetNote.read(0, snapshot.note()).size());
  }

  @Test
  void aThousandInFlight_everySecondOneDone_fitANote() {
    PartitionOffsets offsets = taking(LendingConsumer.MAX_OUTSTANDING);
    for (int i = 1; i < LendingConsumer.MAX_OUTSTANDING; i += 2) {
      offsets.complete(i);
    }
    assertThat(offsets.snapshot().covered()).isEqualTo(LendingConsumer.MAX_OUTSTANDING / 2);
  }

  @Test
  void textThatIsNoNote_countsForNothing() {
    for (String text :
        List.of(
            "",
            "hello",
            "done:",
            "done:0.1",
            "done:1.0",
            "done:1",
            "done:1.1,",
            "done:-1.1",
            "done:zzzzzzzzzzzzz.1",
            "done:zzzzzzzzzzzz.zzzzzzzzzzzz,zzzzzzzzzzzz.1")) {
      TreeMap<Long, Long> none = new TreeMap<>(OffsetNote.read(Long.MAX_VALUE - 10, text));
      assertThat(none).as(text).isEmpty();
    }
  }

  /** Against a model that keeps each offset, over a crash after every commit. */
  @Property(tries = 300)
  void anyOrder_agreesWithASetOfOffsets(@ForAll long seed) {
    Random random = new Random(seed);
    PartitionOffsets offsets = new PartitionOffsets(PartitionOffsets.UNKNOWN, "");
    TreeSet<Long> pending = new TreeSet<>();
    TreeSet<Long> seen = new TreeSet<>();
    long next = random.nextInt(100);
    seen.add(next);
    offsets.take(next);
    pending.add(next);
    for (int step = 0; step < 200; step++) {
      int what = random.nextInt(10);
      if (what < 4) {
        next += 1 + (random.nextInt(5) == 0 ? random.nextInt(3) : 0);
        assertThat(offsets.take(next)).isEqualTo(Take.NEW);
        pending.add(next);
        seen.add(next);
      } else if (what < 8 && !pending.isEmpty()) {
        long ending = List.copyOf(pending).get(random.nextInt(pending.size()));
        offsets.complete(ending);
        pending.remove(ending);
      } else if (what == 8) {
        long again = List.copyOf(seen).get(random.nextInt(seen.size()));
        if (!pending.contains(again)) {
          offsets.reopen(again);
          pending.add(again);
        }
      } else {
        offsets = restarted(offsets, seen, pending);
        next = seen.last();
      }
      assertThat(offsets.watermark()).isEqualTo(pending.isEmpty() ? next + 1 : pending.first());
    }
  }

  private static PartitionOffsets restarted(
      PartitionOffsets before, SortedSet<Long> seen, Set<Long> pending) {
    Snapshot snapshot = before.snapshot();
    PartitionOffsets after = new PartitionOffsets(snapshot.watermark(), snapshot.note());
    seen.headSet(snapshot.watermark()).clear();
    for (long offset : seen) {
      assertThat(after.take(offset)).isEqualTo(pending.contains(offset) ? Take.NEW : Take.DONE);
    }
    if (seen.isEmpty()) {
      after.take(snapshot.watermark());
      seen.add(snapshot.watermark());
      pending.add(snapshot.watermark());
    }
    return after;
  }
}
