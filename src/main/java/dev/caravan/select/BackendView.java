package dev.caravan.select;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;

/**
 * One server's numbers as they were when its {@link Snapshot} was read. Read it, do not keep it:
 * the row of an event loop's snapshot is filled anew at the next selection there.
 */
public final class BackendView {
  private int index;
  private String name = "";
  private int inflight;
  private int weight = 1;
  private int maxInflight = BackendSpec.UNLIMITED;
  private Availability availability = Availability.UP;
  private boolean permitted = true;
  private double share = 1;
  private boolean tried;

  BackendView() {}

  /** A row of plain values with a full share, for {@link Snapshot#of}. Never changes. */
  public static BackendView of(
      String name,
      int inflight,
      int weight,
      int maxInflight,
      Availability availability,
      boolean permitted,
      boolean tried) {
    return of(name, inflight, weight, maxInflight, availability, permitted, tried, 1);
  }

  /** A row of plain values, for {@link Snapshot#of}. Never changes. */
  public static BackendView of(
      String name,
      int inflight,
      int weight,
      int maxInflight,
      Availability availability,
      boolean permitted,
      boolean tried,
      double share) {
    BackendView view = new BackendView();
    view.name = name;
    view.inflight = inflight;
    view.weight = weight;
    view.maxInflight = maxInflight;
    view.availability = availability;
    view.permitted = permitted;
    view.tried = tried;
    view.share = share;
    return view;
  }

  /** The same values at that position. */
  BackendView at(int position) {
    BackendView copy =
        of(name, inflight, weight, maxInflight, availability, permitted, tried, share);
    copy.index = position;
    return copy;
  }

  /** Reads each live number once. */
  void read(Backend backend, int position, boolean triedAlready) {
    BackendSpec spec = backend.spec();
    index = position;
    name = backend.name();
    inflight = backend.inflight();
    weight = spec.weight();
    maxInflight = spec.maxInflight();
    availability = backend.availability();
    permitted = backend.gate().permits();
    share = backend.share().now();
    tried = triedAlready;
  }

  /** Its position among the servers that were offered, from 0. */
  public int index() {
    return index;
  }

  public String name() {
    return name;
  }

  /** Requests that held a lease on it. */
  public int inflight() {
    return inflight;
  }

  /** Its share beside its siblings, from 1 to 256. */
  public int weight() {
    return weight;
  }

  /** The most requests it may hold at once; {@link BackendSpec#UNLIMITED} for no limit. */
  public int maxInflight() {
    return maxInflight;
  }

  /** What health said of it. */
  public Availability availability() {
    return availability;
  }

  /** Whether its circuit breaker let requests through. */
  public boolean permitted() {
    return permitted;
  }

  /** How much of its fair share it is to get now, above 0 and up to 1: slow start. */
  public double share() {
    return share;
  }

  /** Whether this request has been sent to it already. */
  public boolean tried() {
    return tried;
  }

  /** As it stands in the line of a {@link Snapshot}. */
  @Override
  public String toString() {
    return SnapshotText.write(this, new StringBuilder()).toString();
  }
}
