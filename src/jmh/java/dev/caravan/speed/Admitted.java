package dev.caravan.speed;

import dev.caravan.admission.FairQueue;
import dev.caravan.admission.QueueRefusal;
import dev.caravan.admission.QueueRefusal.Why;
import dev.caravan.admission.Ticket;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.limit.Ledger;
import dev.caravan.limit.Reservation;
import dev.caravan.outcome.Outcome;
import dev.caravan.tenant.Access;
import dev.caravan.tenant.Client;
import dev.caravan.tenant.Priority;
import dev.caravan.tenant.Quota;
import dev.caravan.tenant.Shown;
import dev.caravan.tenant.Standing;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What stands between a request and its server: who asks, what it may use, and whether it has to
 * wait, with what the end of its lease tells the queue. The lease itself is in it too.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class Admitted {
  private static final Quota LARGE =
      new Quota(100_000_000, 2_000_000_000, 1_000_000, 1_000_000_000_000_000L);
  private static final Outcome DONE = new Outcome.Completed(200);

  private final Ticker ticker = Ticker.system();
  private final Ledger ledger = new Ledger(ticker, WallClock.system(), false, Ledger.Listener.NONE);
  private final Pool pool = new Pool("llama");
  private final FairQueue queue = new FairQueue(pool, ticker, (task, millis) -> () -> {});
  private final Backend server =
      new Backend(new BackendSpec("a", URI.create("http://h"), 1, 64, null, null, null, Map.of()));
  private Access access = Access.open();
  private @Nullable Lease held;
  private int next;

  /** How many wait all the while, of a hundred tenants. */
  @Param({"0", "1000"})
  public int waiting;

  @Setup
  public void begin() throws IOException {
    access = Credentials.thousands();
    pool.respecify(
        PoolPolicy.DEFAULT.with(LARGE, new PoolPolicy.Queue(10_000, 30_000)), List.of(server));
    server.onClose((lease, outcome) -> queue.freed(server));
    if (waiting > 0) {
      while (server.room() > 0) {
        held = Lease.open(server, "llama", ticker);
      }
      for (int i = 0; i < waiting; i++) {
        new One(i % 100).join();
      }
    }
  }

  /** One that waits, and takes the place that it is offered. */
  private final class One implements FairQueue.Waiter {
    private final Ticket ticket;

    One(long tenant) {
      ticket =
          queue.ticket(
              this,
              Runnable::run,
              new Ticket.Claim(Priority.DEFAULT, tenant, 1, 200 + next++ % 7 * 300, false));
    }

    void join() {
      if (queue.join(ticket, null, Long.MAX_VALUE / 2_000_000) != null) {
        throw new IllegalStateException("no place in the queue");
      }
    }

    @Override
    public void granted() {
      held = Objects.requireNonNull(Lease.open(server, "llama", ticker));
    }

    @Override
    public void pushedOut(QueueRefusal why) {
      throw new IllegalStateException(Why.FULL.label());
    }
  }

  /** One request from its head to its end; where others wait, it waits for one turn as well. */
  @Benchmark
  public Reservation request() {
    Shown shown = new Shown();
    shown.add("authorization", Credentials.VALUE);
    Standing standing = access.of(shown);
    Client client = standing instanceof Client known ? known : Client.ANONYMOUS;
    Reservation taken = ledger.reserve(client.tenant(), true, LARGE, "llama", LARGE, 500, -1, true);
    if (queue.busy()) {
      // One comes, and the end of another's answer gives the next his turn: as many wait as before.
      new One(next % 100).join();
      Objects.requireNonNull(held).close(DONE);
    } else {
      Lease lease = Objects.requireNonNull(Lease.open(server, "llama", ticker));
      lease.close(DONE);
    }
    taken.settle(480, 120);
    return taken;
  }
}
