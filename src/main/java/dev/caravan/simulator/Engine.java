package dev.caravan.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * A model of an inference engine with continuous batching, chunked prefill and a paged KV cache
 * with prefix caching, in virtual time. It has no clock and no thread: whoever drives it says what
 * time it is, in nanoseconds that never go back. For one thread; deterministic.
 *
 * <p>Source of the scheduling rules: vLLM V1, {@code vllm/v1/core/sched/scheduler.py}. Each step
 * has a budget of tokens. Running sequences come first, in order of admission: one token for a
 * decode, the rest of the prompt as far as the budget goes for a prefill. Then waiting sequences
 * are admitted in order of arrival while there is budget, room for another sequence, and KV blocks
 * for the whole prompt. A decode that needs a block when none is free preempts the sequence
 * admitted last, which loses its blocks and goes back to the head of the queue; in such a step none
 * is admitted.
 */
public final class Engine {
  private final EngineParameters parameters;
  private final StepObserver observer;
  private final KvCache kv;
  private final ArrayDeque<Sequence> entering = new ArrayDeque<>();
  private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
  private final ArrayList<Sequence> running = new ArrayList<>();
  private final Step step = new Step();
  private final EngineCounters counters = new EngineCounters();
  private boolean stepping;
  private boolean advancing;
  private long stepEndNanos;
  private long nowNanos = Long.MIN_VALUE;
  private double slowdown = 1;

  public Engine(EngineParameters parameters) {
    this(parameters, StepObserver.BLIND);
  }

  public Engine(EngineParameters parameters, StepObserver observer) {
    this.parameters = parameters;
    this.observer = observer;
    this.kv = new KvCache(parameters.kvBlocks());
  }

  public EngineParameters parameters() {
    return parameters;
  }

  /**
   * A request arrives.
   *
   * @param atNanos engine time, not before that of an earlier request; advance the engine to it
   *     first
   * @param hashes chained hashes of its blocks, one for each full block of the prompt; those that
   *     follow, if any, name the blocks of the output, so that the next turn of a conversation
   *     finds them. Read only, not copied
   * @param promptTokens from 1
   * @param outputTokens from 0; 0 is a prefill alone, as for an embedding
   * @throws IllegalArgumentException if it could never run because the KV cache is too small
   */
  public Sequence submit(
      long atNanos, long[] hashes, int promptTokens, int outputTokens, SequenceListener listener) {
    if (promptTokens < 1 || outputTokens < 0) {
      throw new IllegalArgumentException(
          "promptTokens must be from 1 and outputTokens from 0, were "
              + promptTokens
              + " and "
              + outputTokens);
    }
    long tokens = (long) promptTokens + outputTokens;
    if (tokens > parameters.capacityTokens()) {
      throw new IllegalArgumentException(
          tokens + " tokens exceed the KV cache of " + parameters.capacityTokens() + " tokens");
    }
    Sequence sequence = new Sequence(atNanos, hashes, promptTokens, outputTokens, listener);
    entering.add(sequence);
    return sequence;
  }

  /** Gives a sequence up: its KV blocks are free at once. No effect on one that has ended. */
  public void abort(Sequence sequence) {
    switch (sequence.state) {
      case ENTERING -> entering.remove(sequence);
      case WAITING -> waiting.remove(sequence);
      case RUNNING -> {
        running.remove(sequence);
        releaseBlocks(sequence);
      }
      case FINISHED, ABORTED -> {
        return;
      }
    }
    sequence.state = Sequence.State.ABORTED;
    counters.aborted++;
  }

  /**
   * Makes each step that begins from now on last {@code factor} times as long.
   *
   * @param factor above 0; 1 is the parameters' own speed
   */
  public void slowdown(double factor) {
    if (!(factor > 0) || Double.isInfinite(factor)) {
      throw new IllegalArgumentException("factor must be above 0, was " + factor);
    }
    slowdown = factor;
  }

  /** Engine time of the next thing that happens by itself; {@link Long#MAX_VALUE} if none will. */
  public long nextEventNanos() {
    if (stepping) {
      return stepEndNanos;
    }
    if (!running.isEmpty() || !waiting.isEmpty()) {
      return nowNanos;
    }
    Sequence first = entering.peek();
    return first == null ? Long.MAX_VALUE : readyAtNanos(first);
  }

  /** Lets everything happen that is due until then, in order, telling the listeners. */
  public void advanceTo(long untilNanos) {
    if (advancing) {
      throw new IllegalStateException("a listener must not advance the engine");
    }
    advancing = true;
    try {
      for (long at = nextEventNanos();
          at <= untilNanos && at != Long.MAX_VALUE;
          at = nextEventNanos()) {
        nowNanos = Math.max(nowNanos, at);
        if (stepping) {
          stepping = false;
          finishStep();
        }
        admitEntered();
        beginStep();
      }
    } finally {
      advancing = false;
    }
  }

  /** Sequences that hold KV blocks and take part in steps. */
  public int running() {
    return running.size();
  }

  /** Sequences in the queue, without those that the API server still holds. */
  public int waiting() {
    return waiting.size();
  }

  /** Sequences that have not reached the queue yet. */
  public int entering() {
    return entering.size();
  }

  /** The share of the KV blocks that running sequences hold, 0 to 1. */
  public double kvUsage() {
    return (double) kv.held() / parameters.kvBlocks();
  }

  /** How many KV blocks running sequences hold. */
  public int kvBlocksHeld() {
    return kv.held();
  }

  /** What has happened so far; live, for the thread that drives the engine. */
  public EngineCounters counters() {
    return counters;
  }

  /** The running sequences in order of admission, for tests. */
  List<Sequence> runningSequences() {
    return List.copyOf(running);
  }

  private long readyAtNanos(Sequence sequence) {
    return sequence.arrivedAtNanos + parameters.apiEntryNanos();
  }

  private int blocksFor(int tokens) {
    return (tokens + parameters.blockTokens() - 1) / parameters.blockTokens();
  }

  private void admitEntered() {
    for (Sequence next = entering.peek();
        next != null && readyAtNanos(next) <= nowNanos;
        next = entering.peek()) {
      entering.remove();
      next.state = Sequence.State.WAITING;
      waiting.add(next);
    }
  }

  private void beginStep() {
    step.clear(parameters.tokenBudget());
    if (scheduleRunning()) {
      admitWaiting();
    }
    if (step.sequences.isEmpty()) {
      return;
    }
    long nanos = Math.max(1, Math.round(step.nanos(parameters.stepTime()) * slowdown));
    stepEndNanos = nowNanos + nanos + parameters.outputTokenNanos();
    stepping = true;
    counters.steps++;
    counters.prefillTokens += step.prefillTokens();
    observer.step(nowNanos, stepEndNanos, step.prefillTokens(), step.decodeTokens());
  }

  /** Gives running sequences their tokens; false if one had to be preempted for that. */
  private boolean scheduleRunning() {
    boolean plenty = true;
    for (int i = 0; i < running.size() && step.hasRoom(); i++) {
      Sequence sequence = running.get(i);
      while (sequence.blockCount < blocksFor(sequence.knownTokens())) {
        int block = kv.holdOne();
        if (block >= 0) {
          sequence.blocks[sequence.blockCount++] = block;
          continue;
        }
        plenty = false;
        Sequence last = running.remove(running.size() - 1);
        preempt(last);
        if (last == sequence) {
          return false;
        }
      }
      schedule(sequence);
    }
    return plenty;
  }

  private void preempt(Sequence sequence) {
    releaseBlocks(sequence);
    sequence.state = Sequence.State.WAITING;
    waiting.addFirst(sequence);
    counters.preemptions++;
  }

  private void admitWaiting() {
    while (step.hasRoom() && running.size() < parameters.maxSequences() && !waiting.isEmpty()) {
      Sequence sequence = waiting.element();
      int known = sequence.knownTokens();
      // The last token is always computed: its output is what the next token is drawn from.
      int reusable = (known - 1) / parameters.blockTokens();
      if (sequence.blocks.length == 0) {
        sequence.blocks = new int[blocksFor(sequence.promptTokens + sequence.outputTokens)];
      }
      int cached = kv.hold(sequence.hashes, reusable, blocksFor(known), sequence.blocks);
      if (cached < 0) {
        return;
      }
      waiting.remove();
      sequence.blockCount = blocksFor(known);
      sequence.publishedBlocks = cached;
      sequence.computedTokens = cached * parameters.blockTokens();
      sequence.state = Sequence.State.RUNNING;
      if (sequence.cachedTokens < 0) {
        sequence.cachedTokens = sequence.computedTokens;
        sequence.admittedAtNanos = nowNanos;
        counters.prefixQueryTokens += known;
        counters.prefixHitTokens += sequence.computedTokens;
      }
      running.add(sequence);
      schedule(sequence);
    }
  }

  private void schedule(Sequence sequence) {
    step.add(sequence);
    // As in vLLM, found from now on: whoever finds them runs in this step or a later one.
    int full = (sequence.computedTokens + sequence.scheduledTokens) / parameters.blockTokens();
    int named = Math.min(full, sequence.hashes.length);
    for (int i = sequence.publishedBlocks; i < named; i++) {
      kv.publish(sequence.blocks[i], sequence.hashes[i]);
    }
    sequence.publishedBlocks = Math.max(sequence.publishedBlocks, named);
  }

  private void finishStep() {
    for (int i = 0; i < step.sequences.size(); i++) {
      Sequence sequence = step.sequences.get(i);
      if (sequence.state != Sequence.State.RUNNING) {
        continue; // aborted meanwhile
      }
      sequence.computedTokens += sequence.scheduledTokens;
      if (sequence.computedTokens == sequence.knownTokens()) {
        makeToken(sequence);
      }
    }
    running.removeIf(sequence -> sequence.state != Sequence.State.RUNNING);
  }

  private void makeToken(Sequence sequence) {
    if (sequence.madeTokens == 0) {
      counters.promptTokens += sequence.promptTokens;
    }
    if (sequence.outputTokens > 0) {
      int index = sequence.madeTokens++;
      counters.generatedTokens++;
      if (index == 0) {
        sequence.listener.firstToken(sequence, nowNanos);
      }
      sequence.listener.token(sequence, index, nowNanos);
    }
    // The listener may have aborted it.
    if (sequence.state == Sequence.State.RUNNING && sequence.madeTokens == sequence.outputTokens) {
      releaseBlocks(sequence);
      sequence.state = Sequence.State.FINISHED;
      counters.finished++;
      sequence.listener.finished(sequence, nowNanos);
    }
  }

  private void releaseBlocks(Sequence sequence) {
    kv.release(sequence.blocks, sequence.blockCount);
    sequence.blocks = Sequence.NO_BLOCKS;
    sequence.blockCount = 0;
    sequence.publishedBlocks = 0;
    sequence.computedTokens = 0;
  }
}
