package dev.caravan.speed;

import dev.caravan.limit.Ledger;
import dev.caravan.limit.Reservation;
import dev.caravan.tenant.Quota;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What limits of every kind add to a request: the reservation and its settlement. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class Limits {
  private static final Quota LARGE =
      new Quota(100_000_000, 2_000_000_000, 1_000_000, 1_000_000_000_000_000L);

  private final Ledger ledger =
      new Ledger(Ticker.system(), WallClock.system(), false, Ledger.Listener.NONE);

  /** One request from its admission to its end. */
  @Benchmark
  public Reservation reserveAndSettle() {
    Reservation taken = ledger.reserve("acme", true, LARGE, "llama", LARGE, 500, -1, true);
    taken.settle(480, 120);
    return taken;
  }
}
