package dev.caravan.admin;

import dev.caravan.fleet.Pool;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the management API shows of the gateway beside its fleet. Safe for any thread; at once. */
public interface GatewayFacts {

  /**
   * A pool that is open.
   *
   * @param aliases its other names, in order
   * @param queue null where its route lets nobody wait
   */
  record OpenPool(Pool pool, List<String> aliases, @Nullable Waiting queue) {}

  /**
   * Those who wait for room in a pool.
   *
   * @param most how many may
   * @param expectedMillis how long one that comes now would wait; -1 where nobody knows
   */
  record Waiting(int waiting, int most, long expectedMillis) {}

  /**
   * A queue of jobs.
   *
   * @param over jobs that are over since the start
   * @param running jobs that are at a model server
   * @param held jobs that were taken and are not over
   * @param paused whether no more are taken for now
   */
  record Jobs(String name, long over, long running, long held, boolean paused) {}

  /** The version of the build. */
  String version();

  /** Whether traffic should come here. */
  boolean ready();

  /** Whether it is on its way out. */
  boolean draining();

  /** Requests that are being answered now. */
  long inflight();

  /** Client connections that are open now. */
  int connections();

  /** Requests and connections that it turned away since the start because it was overloaded. */
  long shed();

  /** How late the event loop that lags most runs its tasks. */
  double loopLagSeconds();

  /** All pools, by name. */
  List<OpenPool> pools();

  /** All queues of jobs, by name. */
  List<Jobs> jobs();
}
