package dev.caravan.replay;

import dev.caravan.time.Chance;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One run of a workload: arrivals, gateways, servers, from the first request to the end of the
 * last. For one thread, and for one run; the same for the same arguments.
 */
public final class Replay implements Scenario.Stage {
  /** What has no answer so long after the last arrival has none. */
  private static final long CUT_OFF_NANOS = TimeUnit.HOURS.toNanos(1);

  private final Workload workload;
  private final Setup setup;
  private final String balancer;
  private final double pace;
  private final Timeline timeline = new Timeline();
  private final List<Machine> machines = new ArrayList<>();
  private final List<Replica> gateways = new ArrayList<>();
  private final List<Passage> passages;
  private final Chance chance;
  private final long limitNanos;
  private final long lengthNanos;
  private int mostLate = Integer.MAX_VALUE;
  private int judged;
  private int late;
  private int ended;

  /**
   * A run that has not begun.
   *
   * @param pace how much faster than in the trace the requests come, above 0
   */
  public Replay(Workload workload, Setup setup, String balancer, Scenario scenario, double pace) {
    if (!(pace > 0) || Double.isInfinite(pace)) {
      throw new IllegalArgumentException("pace must be above 0, was " + pace);
    }
    if (workload.largest() > setup.engine().capacityTokens()) {
      throw new IllegalArgumentException(
          "a request of "
              + workload.trace().name()
              + " has "
              + workload.largest()
              + " tokens, more than a server's KV cache of "
              + setup.engine().capacityTokens());
    }
    this.workload = workload;
    this.setup = setup;
    this.balancer = balancer;
    this.pace = pace;
    this.limitNanos = (long) (setup.ttftLimitMillis() * 1e6);
    this.passages = new ArrayList<>(workload.items().size());
    this.chance = Chance.seeded(setup.seed());
    this.lengthNanos = (long) (workload.trace().seconds() * 1e9 / pace);
    for (int i = 0; i < setup.servers(); i++) {
      machines.add(new Machine("server-" + (i + 1), setup.engine()));
    }
    for (int i = 0; i < setup.gateways(); i++) {
      gateways.add(new Replica(balancer, setup, timeline, chance.bits(), machines));
    }
    scenario.begin(this);
  }

  /** Has a backlog from then on, beside the requests that come; before the run. */
  Replay beside(Backlog jobs, long atMillis) {
    for (Replica gateway : gateways) {
      jobs.begin(gateway, atMillis);
    }
    return this;
  }

  /** Nobody comes: runs what is there for so long. */
  void idle(double seconds) {
    long end = (long) (seconds * 1e9);
    while (next() <= end) {
      step();
    }
  }

  /** Runs to the end. */
  public Figures run() {
    go();
    return Figures.of(balancer, workload, pace, setup, passages, machines);
  }

  /** Whether no more than that share of the requests is late; runs no further than to know it. */
  boolean holds(double lateShare) {
    mostLate = (int) Math.floor(lateShare * workload.items().size());
    go();
    judge(Long.MAX_VALUE);
    return late <= mostLate;
  }

  private void go() {
    arrive(0);
    while (ended < workload.items().size() && late <= mostLate) {
      if (next() - lengthNanos > CUT_OFF_NANOS) {
        return;
      }
      step();
    }
  }

  private long next() {
    long next = timeline.nextNanos();
    for (Machine machine : machines) {
      next = Math.min(next, machine.engine().nextEventNanos());
    }
    return next;
  }

  /** Lets happen what is next: of one instant, what servers do comes first. */
  private void step() {
    long next = next();
    timeline.advanceTo(next);
    for (Machine machine : machines) {
      if (machine.engine().nextEventNanos() == next) {
        machine.engine().advanceTo(next);
        return;
      }
    }
    timeline.runNext();
  }

  private void arrive(int number) {
    if (number == workload.items().size()) {
      return;
    }
    Workload.Item item = workload.items().get(number);
    timeline.at(
        (long) (item.atMillis() * 1e6 / pace),
        () -> {
          Passage passage = new Passage(item, timeline.nanos(), () -> ended++);
          passages.add(passage);
          int gateway = gateways.size() == 1 ? 0 : chance.below(gateways.size());
          new Journey(gateways.get(gateway), item, passage).begin();
          judge(timeline.nanos() - limitNanos);
          arrive(number + 1);
        });
  }

  /** Counts those late that came before then and have not been judged. */
  private void judge(long beforeNanos) {
    while (judged < passages.size() && passages.get(judged).arrivedNanos < beforeNanos) {
      late += passages.get(judged++).late(limitNanos) ? 1 : 0;
    }
  }

  // ---- the stage of a scenario

  @Override
  public List<Machine> machines() {
    return machines;
  }

  @Override
  public void at(double share, Runnable what) {
    timeline.at((long) (share * lengthNanos), what);
  }

  @Override
  public void in(long millis, Runnable what) {
    timeline.schedule(what, millis);
  }

  @Override
  public void offer(List<Machine> offered) {
    gateways.forEach(each -> each.offer(List.copyOf(offered)));
  }

  @Override
  public void drain(Machine machine, boolean wanted) {
    gateways.forEach(each -> each.drain(machine, wanted));
  }
}
