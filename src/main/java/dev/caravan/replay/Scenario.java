package dev.caravan.replay;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What befalls the servers while a trace is replayed. Times are shares of the run's length. */
public enum Scenario {
  /** Nothing. Caches are empty when the run begins, and the whole run counts. */
  STEADY {
    @Override
    void begin(Stage stage) {}
  },

  /**
   * As {@link #STEADY}, of the trace's first tenth alone: caches are empty, and nothing is known.
   */
  COLD_START {
    @Override
    void begin(Stage stage) {}

    @Override
    Trace cut(Trace trace) {
      return trace.first(0.1);
    }
  },

  /** One server is twice as slow as the others. */
  SLOW_SERVER {
    @Override
    void begin(Stage stage) {
      stage.machine(0).slow(2);
    }
  },

  /** One server dies after a third of the time, and is back with an empty cache after two. */
  LOST_SERVER {
    @Override
    void begin(Stage stage) {
      stage.at(1 / 3.0, () -> stage.machine(0).lose());
      stage.at(2 / 3.0, () -> stage.machine(0).restore());
    }
  },

  /** After a fifth of the time, server after server is drained, restarted, and given back. */
  DEPLOY {
    @Override
    void begin(Stage stage) {
      stage.at(0.2, () -> deploy(stage, 0));
    }
  },

  /** At half time a quarter of the servers is drained and goes. */
  SHRINK {
    @Override
    void begin(Stage stage) {
      int leave = Math.max(1, stage.machines().size() / 4);
      stage.at(
          0.5,
          () -> {
            List<Machine> all = stage.machines();
            all.subList(0, leave).forEach(each -> stage.drain(each, true));
            stage.offer(all.subList(leave, all.size()));
          });
    }
  },

  /** A quarter of the servers joins at half time only. */
  EXPAND {
    @Override
    void begin(Stage stage) {
      List<Machine> all = stage.machines();
      int late = Math.max(1, all.size() / 4);
      if (late < all.size()) {
        stage.offer(all.subList(late, all.size()));
        stage.at(0.5, () -> stage.offer(all));
      }
    }
  },

  /** From a third to half of the time a quarter of the servers answers 429, "in five seconds". */
  STORM_429 {
    @Override
    void begin(Stage stage) {
      int some = Math.max(1, stage.machines().size() / 4);
      List<Machine> full = stage.machines().subList(0, some);
      stage.at(1 / 3.0, () -> full.forEach(each -> each.throttle(5_000)));
      stage.at(0.5, () -> full.forEach(Machine::calm));
    }
  };

  private static final long LOOK_MILLIS = 500;
  private static final long PATIENCE_MILLIS = 60_000;
  private static final long RESTART_MILLIS = 20_000;

  /** Sets up what happens in a run, which is about to begin. */
  abstract void begin(Stage stage);

  /** The part of a trace that is replayed. */
  Trace cut(Trace trace) {
    return trace;
  }

  /** As options spell it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The scenario of that label.
   *
   * @throws IllegalArgumentException where there is none; the message has those that are
   */
  public static Scenario labelled(String label) {
    for (Scenario each : values()) {
      if (each.label().equals(label)) {
        return each;
      }
    }
    throw new IllegalArgumentException(
        "no scenario is named "
            + label
            + "; there are "
            + Arrays.stream(values()).map(Scenario::label).collect(Collectors.joining(", ")));
  }

  private static void deploy(Stage stage, int index) {
    if (index < stage.machines().size()) {
      stage.drain(stage.machine(index), true);
      emptied(stage, index, PATIENCE_MILLIS);
    }
  }

  /** Waits until a server has nothing to do, as long as an orchestrator would; then restarts it. */
  private static void emptied(Stage stage, int index, long patienceMillis) {
    Machine machine = stage.machine(index);
    if (machine.working() > 0 && patienceMillis > 0) {
      stage.in(LOOK_MILLIS, () -> emptied(stage, index, patienceMillis - LOOK_MILLIS));
      return;
    }
    machine.lose();
    stage.in(
        RESTART_MILLIS,
        () -> {
          machine.restore();
          stage.drain(machine, false);
          deploy(stage, index + 1);
        });
  }

  /** What a scenario can do. */
  interface Stage {

    /** The servers, those among them that are not in use as well. */
    List<Machine> machines();

    default Machine machine(int index) {
      return machines().get(index);
    }

    /** Has something happen when that share of the run's length has passed. */
    void at(double share, Runnable what);

    /** Has something happen after a while. */
    void in(long millis, Runnable what);

    /** All gateways' routes name these servers from now on. */
    void offer(List<Machine> machines);

    /** All gateways drain a server, or give it back to the traffic. */
    void drain(Machine machine, boolean wanted);
  }
}
