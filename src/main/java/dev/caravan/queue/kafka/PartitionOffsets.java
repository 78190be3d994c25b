package dev.caravan.queue.kafka;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which records of one partition are done. They are taken in the order of their offsets, end in any
 * order, and are committed in order: the watermark is the first offset that is not done, and a note
 * beside it says which of those beyond it are. Not safe for several threads.
 *
 * <p>Offsets that the log skips, as compacted and transactional ones do, count as done.
 */
final class PartitionOffsets {
  /** Nothing is known of where the partition begins: the first record says it. */
  static final long UNKNOWN = -1;

  private final TreeSet<Long> pending = new TreeSet<>();

  /** What is done beyond the watermark: from the first offset to the one after the last. */
  private final NavigableMap<Long, Long> done = new TreeMap<>();

  private long first;
  private long watermark;

  /** The offset after the last that was seen. */
  private long next;

  private long taken;
  private long completed;
  private long covered;
  private boolean changed;

  /** What became of a record that was offered. */
  enum Take {
    /** Its job is to be done. */
    NEW,
    /** Its job was done before, as the note or the watermark says. */
    DONE,
    /** It has been taken already. */
    KNOWN,
    /** It is before everything committed: the log is another one than it was. */
    FOREIGN
  }

  /**
   * What can be committed.
   *
   * @param watermark the first offset that is not done
   * @param note what is done beyond it
   * @param covered how many of the jobs that ended are covered by it
   */
  record Snapshot(long watermark, String note, long covered) {}

  /**
   * The state that a commit left.
   *
   * @param committed its offset, or {@link #UNKNOWN}
   * @param note its note; anything that is none counts as empty
   */
  PartitionOffsets(long committed, String note) {
    first = committed;
    watermark = committed;
    next = committed;
    if (committed != UNKNOWN) {
      done.putAll(OffsetNote.read(committed, note));
    }
  }

  /** Takes a record. */
  Take take(long offset) {
    if (first == UNKNOWN) {
      first = offset;
      watermark = offset;
      next = offset;
    }
    if (offset < first) {
      return Take.FOREIGN;
    }
    if (offset < next) {
      return pending.contains(offset) ? Take.KNOWN : Take.DONE;
    }
    if (offset > next) {
      finish(next, offset);
    }
    next = offset + 1;
    Map.Entry<Long, Long> range = done.floorEntry(offset);
    if (offset < watermark || (range != null && offset < range.getValue())) {
      return Take.DONE;
    }
    pending.add(offset);
    taken++;
    return Take.NEW;
  }

  /** The job of a record has ended; nothing happens where it was not taken, or has already. */
  void complete(long offset) {
    if (pending.remove(offset)) {
      completed++;
      finish(offset, offset + 1);
    }
  }

  /** Takes back a {@link #complete} whose commit did not come about. */
  void reopen(long offset) {
    if (offset < first || offset >= next || !pending.add(offset)) {
      return;
    }
    completed--;
    changed = true;
    if (offset < watermark) {
      if (offset + 1 < watermark) {
        done.put(offset + 1, watermark);
      }
      watermark = offset;
      return;
    }
    Map.Entry<Long, Long> range = done.floorEntry(offset);
    if (range != null && offset < range.getValue()) {
      done.remove(range.getKey());
      if (range.getKey() < offset) {
        done.put(range.getKey(), offset);
      }
      if (offset + 1 < range.getValue()) {
        done.put(offset + 1, range.getValue());
      }
    }
  }

  private void finish(long from, long to) {
    changed = true;
    long start = from;
    long end = to;
    Map.Entry<Long, Long> before = done.floorEntry(from);
    if (before != null && before.getValue() >= from) {
      start = before.getKey();
      end = Math.max(end, before.getValue());
    }
    NavigableMap<Long, Long> within = done.subMap(start, true, end, true);
    while (!within.isEmpty()) {
      end = Math.max(end, within.pollFirstEntry().getValue());
      within = done.subMap(start, true, end, true);
    }
    if (start <= watermark) {
      watermark = Math.max(watermark, end);
    } else {
      done.put(start, end);
    }
  }

  /** The first offset of this state. */
  long first() {
    return first;
  }

  /** The first offset that is not done, or {@link #UNKNOWN}. */
  long watermark() {
    return watermark;
  }

  /** How many offsets from the watermark on have been seen. */
  long span() {
    return Math.max(0, next - watermark);
  }

  /** How many jobs were taken and are not known to be committed. */
  long outstanding() {
    return taken - covered;
  }

  /** Whether there is more to commit than at the last {@link #snapshot}. */
  boolean changed() {
    return changed;
  }

  /** What can be committed now. */
  Snapshot snapshot() {
    changed = false;
    OffsetNote note = OffsetNote.of(watermark, done);
    return new Snapshot(watermark, note.text(), completed - note.leftOut());
  }

  /** A snapshot has been committed. */
  void committed(Snapshot snapshot) {
    covered = snapshot.covered;
  }

  /** A snapshot could not be committed. */
  void notCommitted() {
    changed = true;
  }
}
