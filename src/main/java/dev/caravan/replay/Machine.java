package dev.caravan.replay;

import dev.caravan.outcome.Outcome;
import dev.caravan.simulator.Engine;
import dev.caravan.simulator.EngineParameters;
import dev.caravan.simulator.Sequence;
import dev.caravan.simulator.SequenceListener;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A model server: an engine that can be lost, slow, or throttling. For one thread. */
final class Machine {
  private final String name;
  private final EngineParameters parameters;
  private final Map<Visitor, Sequence> working = new LinkedHashMap<>();
  private Engine engine;
  private boolean up = true;
  private long retryAfterMillis = -1;
  private double slowdown = 1;
  private long lostPrefillTokens;
  private long lostPreemptions;

  /** A request that it works on. */
  interface Visitor extends SequenceListener {
    /** The server is gone. */
    void brokenOff();
  }

  Machine(String name, EngineParameters parameters) {
    this.name = name;
    this.parameters = parameters;
    this.engine = new Engine(parameters);
  }

  String name() {
    return name;
  }

  boolean up() {
    return up;
  }

  Engine engine() {
    return engine;
  }

  /** Requests that it works on. */
  int working() {
    return working.size();
  }

  /** Prompt tokens that it has computed, in all its lives. */
  long prefillTokens() {
    return lostPrefillTokens + engine.counters().prefillTokens();
  }

  /** How often a request lost its KV blocks to another, in all its lives. */
  long preemptions() {
    return lostPreemptions + engine.counters().preemptions();
  }

  // ---- requests

  /** Sends it a request; returns how it was turned away, or null where it was taken. */
  @Nullable Outcome take(Visitor visitor, Workload.Item item, long nowNanos) {
    if (!up) {
      return new Outcome.FailedBefore(Outcome.Cause.REFUSED, "connection refused");
    }
    if (retryAfterMillis >= 0) {
      return new Outcome.Throttled(429, retryAfterMillis);
    }
    working.put(
        visitor,
        engine.submit(nowNanos, item.hashes(), item.promptTokens(), item.outputTokens(), visitor));
    return null;
  }

  /** A request has its whole answer. */
  void done(Visitor visitor) {
    working.remove(visitor);
  }

  // ---- what befalls it

  /** It dies, and its cache with it: what it worked on is broken off. */
  void lose() {
    if (!up) {
      return;
    }
    up = false;
    lostPrefillTokens += engine.counters().prefillTokens();
    lostPreemptions += engine.counters().preemptions();
    List<Visitor> broken = new ArrayList<>(working.keySet());
    working.clear();
    engine = new Engine(parameters);
    engine.slowdown(slowdown);
    broken.forEach(Visitor::brokenOff);
  }

  /** It is there again, with an empty cache. */
  void restore() {
    up = true;
  }

  /** Its steps take so much longer from now on. */
  void slow(double factor) {
    slowdown = factor;
    engine.slowdown(factor);
  }

  /** Answers 429 to all that comes, until {@link #calm}. */
  void throttle(long askedMillis) {
    retryAfterMillis = askedMillis;
  }

  void calm() {
    retryAfterMillis = -1;
  }
}
