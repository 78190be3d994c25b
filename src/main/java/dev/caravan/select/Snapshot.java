package dev.caravan.select;

import dev.caravan.fleet.Backend;
import java.util.Arrays;
import java.util.List;

/**
 * The numbers of the servers that were offered, each read once, before anything is decided:
 * filters, scorers and pickers see these and nothing live, so that a decision can be replayed from
 * its log line.
 *
 * <p>{@link #toString} is that line, {@link #parse} reads it back.
 *
 * <p>Ownership: one made by {@link #of} or {@link #parse} never changes and is safe for any thread.
 * The one that {@link Selector#select} reads into belongs to the calling thread, which fills the
 * same rows at every selection: look at it before the next one, and keep its text, not itself.
 */
public final class Snapshot {
  private BackendView[] rows = new BackendView[0];
  private int size;

  Snapshot() {}

  /** A snapshot of plain values, in the order of the offer. */
  public static Snapshot of(List<BackendView> rows) {
    Snapshot snapshot = new Snapshot();
    snapshot.size = rows.size();
    snapshot.rows = new BackendView[snapshot.size];
    for (int i = 0; i < snapshot.size; i++) {
      snapshot.rows[i] = rows.get(i).at(i);
    }
    return snapshot;
  }

  /** A snapshot of plain values, in the order of the offer. */
  public static Snapshot of(BackendView... rows) {
    return of(List.of(rows));
  }

  /**
   * Reads the line that {@link #toString} wrote.
   *
   * @throws IllegalArgumentException where it is no such line; the message says at which character
   */
  public static Snapshot parse(String line) {
    return SnapshotText.parse(line);
  }

  /** How many servers were offered. */
  public int size() {
    return size;
  }

  /** The numbers of the server at that position of the offer. */
  public BackendView view(int index) {
    if (index >= size) {
      throw new IndexOutOfBoundsException("position " + index + " of " + size);
    }
    return rows[index];
  }

  /** Reads everyone's numbers into the rows there are. */
  void read(Backend[] backends, Tried tried) {
    int offered = backends.length;
    if (rows.length < offered) {
      int had = rows.length;
      rows = Arrays.copyOf(rows, offered);
      for (int i = had; i < offered; i++) {
        rows[i] = new BackendView();
      }
    }
    for (int i = 0; i < offered; i++) {
      rows[i].read(backends[i], i, tried.contains(i));
    }
    size = offered;
  }

  /**
   * One line, a server between semicolons: name, in-flight of maximum ({@code -} for no limit),
   * weight, and what stands against it, as in
   *
   * <pre>gpu-a 3/64 w2; gpu-b 0/- w1 down(hung)="no answer"; gpu-c 1/8 w1 breaker-open tried
   * </pre>
   */
  @Override
  public String toString() {
    return SnapshotText.write(this);
  }
}
