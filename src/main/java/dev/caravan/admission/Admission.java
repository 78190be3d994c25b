package dev.caravan.admission;

import dev.caravan.time.Ticker;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorGroup;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/*
 * Nothing here waits or queues: a gateway that cannot keep up must say no in less time than a yes
 * would take, or its backlog outlives the burst that made it. Every reason ends by itself. Counts
 * go down when requests end, an event loop that sheds catches up, and memory that is measured again
 * is judged again.
 */

/**
 * The gateway's own judgement whether it can take more. The state of an event loop is read by its
 * connections alone; all else is for any thread.
 */
public final class Admission {
  private final Limits limits;
  private final Ticker ticker;
  private final MemoryWatch memory;
  private final LoopWatch unwatched;
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger connections = new AtomicInteger();
  private final Map<Shed, LongAdder> shed = new EnumMap<>(Shed.class);
  private volatile Map<EventExecutor, LoopWatch> loops = Map.of();

  /** A judge that has measured nothing yet, and lets everything in that no count forbids. */
  public Admission(Limits limits, Memory memory, Ticker ticker) {
    this.limits = limits;
    this.ticker = ticker;
    this.memory = new MemoryWatch(memory, ticker, limits.memory());
    this.unwatched = new LoopWatch(ticker, 0);
    for (Shed why : Shed.values()) {
      shed.put(why, new LongAdder());
    }
  }

  /** Measures those loops from now on, as long as they run; called once. */
  public void watch(EventExecutorGroup group) {
    Map<EventExecutor, LoopWatch> watched = new HashMap<>();
    for (EventExecutor loop : group) {
      LoopWatch watch = new LoopWatch(ticker, limits.loopLagMillis());
      watched.put(loop, watch);
      watch.start(loop);
    }
    loops = Map.copyOf(watched);
    ShedLog log = new ShedLog(this, ticker);
    group
        .next()
        .scheduleWithFixedDelay(
            () -> {
              memory.look();
              log.look();
            },
            LoopWatch.PERIOD_MILLIS,
            LoopWatch.PERIOD_MILLIS,
            TimeUnit.MILLISECONDS);
  }

  /** What is known of a loop; of one that is not watched, that it never lags. */
  public LoopWatch of(EventExecutor loop) {
    LoopWatch known = loops.get(loop);
    return known == null ? unwatched : known;
  }

  /**
   * Lets a request in, on its event loop.
   *
   * @return null where it is in, and {@link #leave} must follow once; else why it is not
   */
  public @Nullable Shed enter(LoopWatch loop) {
    Shed why = loop.lagging() ? Shed.LOOP_LAG : memory.isShort() ? Shed.MEMORY : null;
    if (why == null && requests.incrementAndGet() > limits.mostRequests()) {
      requests.decrementAndGet();
      why = Shed.REQUESTS;
    }
    if (why != null) {
      count(why);
    }
    return why;
  }

  /** A request that was let in is over. */
  public void leave() {
    requests.decrementAndGet();
  }

  /** Whether memory is short now: then a body that is large already does not grow further. */
  public boolean memoryShort() {
    return memory.isShort();
  }

  /** A request was turned away after all. */
  public void count(Shed why) {
    adder(why).increment();
  }

  /**
   * Lets a connection in.
   *
   * @return whether it is in, and {@link #disconnect} must follow once
   */
  public boolean connect() {
    if (connections.incrementAndGet() > limits.mostConnections()) {
      connections.decrementAndGet();
      count(Shed.CONNECTIONS);
      return false;
    }
    return true;
  }

  /** A connection that was let in is closed. */
  public void disconnect() {
    connections.decrementAndGet();
  }

  /** Connections that are in. */
  public int connections() {
    return connections.get();
  }

  private LongAdder adder(Shed why) {
    LongAdder adder = shed.get(why);
    if (adder == null) {
      throw new IllegalStateException(why.label());
    }
    return adder;
  }

  /** How many were turned away for that reason. */
  public long shed(Shed why) {
    return adder(why).sum();
  }

  /** The lag of the event loop that lags most. */
  public long maxLagNanos() {
    long most = 0;
    for (LoopWatch loop : loops.values()) {
      most = Math.max(most, loop.lagNanos());
    }
    return most;
  }

  /** The numbers behind a reason, for the operator. */
  String numbers(Shed why) {
    return switch (why) {
      case LOOP_LAG ->
          "an event loop runs its tasks "
              + TimeUnit.NANOSECONDS.toMillis(maxLagNanos())
              + " ms late, the limit is "
              + limits.loopLagMillis()
              + " ms";
      case MEMORY ->
          "memory is "
              + Math.round(100 * memory.used())
              + " % used, the limit is "
              + Math.round(100 * limits.memory())
              + " %";
      case REQUESTS -> requests.get() + " requests are answered, the limit is " + limits.requests();
      case CONNECTIONS ->
          connections.get() + " connections are open, the limit is " + limits.connections();
    };
  }
}
