package dev.caravan.select;

import dev.caravan.fleet.Background;
import dev.caravan.fleet.Room;

/** The part of a {@link BackendView} that is about background work; read it, do not keep it. */
public final class BackgroundView {
  private int settled;
  private long settledTokens;
  private long computingNanos;
  private Room room = Room.FREE;

  BackgroundView() {}

  void clear() {
    settled = 0;
    settledTokens = 0;
    computingNanos = 0;
    room = Room.FREE;
  }

  /** Plain values. */
  void set(int itsSettled, long itsTokens, Room itsRoom) {
    settled = itsSettled;
    settledTokens = itsTokens;
    room = itsRoom;
  }

  void copy(BackgroundView of) {
    set(of.settled, of.settledTokens, of.room);
    computingNanos = of.computingNanos;
  }

  /**
   * Reads what there is.
   *
   * @param inflight requests in flight as they were read before, all of them
   */
  void read(Background of, int inflight, long nowNanos) {
    computingNanos = of.computingNanos(nowNanos);
    boolean computing = computingNanos > 0;
    settled = Math.max(0, Math.min(inflight, of.inflight()) - (computing ? 1 : 0));
    settledTokens = Math.max(0, of.tokens() - (computing ? of.lastTokens() : 0));
  }

  /** As it stands in the line of a {@link Snapshot}; nothing where there is nothing to say. */
  StringBuilder write(StringBuilder out) {
    return settled == 0 && room == Room.FREE
        ? out
        : out.append(" background=")
            .append(settled)
            .append('/')
            .append(settledTokens)
            .append('/')
            .append(room.label());
  }

  /** Notes whether there is room for one more. */
  void room(Room now) {
    room = now;
  }

  /** Background requests in flight whose prompt is thought to be computed. */
  public int settled() {
    return settled;
  }

  /** Tokens of the {@link #settled} requests, their answers as expected. */
  public long settledTokens() {
    return settledTokens;
  }

  /** How long a background prompt is thought to keep the server from others' prompts. */
  long computingNanos() {
    return computingNanos;
  }

  /** Whether there is room for one more background request; only asked for one. */
  public Room room() {
    return room;
  }
}
