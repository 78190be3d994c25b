package dev.caravan.chaos;

import dev.caravan.testing.Together;
import dev.caravan.time.Ticker;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Requests at a steady rate, whatever becomes of those before: a gateway that is slow to answer
 * gets no rest for it. Which requests these are depends on the seed alone. Safe for any thread.
 */
final class Load implements AutoCloseable {
  private static final Ticker TICKER = Ticker.system();

  /** Clients at once while everything is warmed. */
  private static final int WARM_CLIENTS = 8;

  /** Seconds of load that may be open at most: more than this machine can do helps nobody. */
  private static final int MOST_OPEN_SECONDS = 3;

  private final List<Pool> pools;
  private final List<Question> questions;
  private final Client client;
  private final Random random;
  private final int perSecond;
  private final ExecutorService clients = Executors.newCachedThreadPool();
  private final Queue<Result> results = new ConcurrentLinkedQueue<>();
  private final Map<Ask, Long> open = new ConcurrentHashMap<>();
  private int asked;
  private @Nullable ScheduledFuture<?> pace;

  /** Asks nothing yet; so many requests a second in each pool later. */
  Load(
      int port,
      List<Pool> pools,
      List<Question> questions,
      Answers answers,
      int perSecond,
      long seed) {
    this.pools = pools;
    this.questions = questions;
    this.perSecond = perSecond;
    client = new Client(port, answers);
    random = new Random(seed);
  }

  /** Asks so many requests of each pool, a few at a time, and waits for them. */
  void warmUp(int requests) {
    for (Pool pool : pools) {
      AtomicInteger left = new AtomicInteger(requests);
      Together.run(
          WARM_CLIENTS,
          () -> {
            while (left.getAndDecrement() > 0) {
              ask(draw(pool));
            }
            return left;
          });
    }
  }

  /** Begins to ask at the steady rate. */
  void start() {
    pace =
        Pause.TIMER.scheduleAtFixedRate(
            this::tick, 0, 1_000_000 / perSecond, TimeUnit.MICROSECONDS);
  }

  private void tick() {
    for (Pool pool : pools) {
      if (open.size() < MOST_OPEN_SECONDS * perSecond * pools.size()) {
        Ask ask = draw(pool);
        open.put(ask, TICKER.nanos());
        clients.execute(() -> ask(ask));
      }
    }
  }

  private synchronized Ask draw(Pool pool) {
    return Ask.draw(++asked, pool, questions, random);
  }

  private void ask(Ask ask) {
    try {
      results.add(client.ask(ask));
    } finally {
      open.remove(ask);
    }
  }

  /** Whether all requests of a pool that were sent before that moment have their end. */
  boolean settled(Pool pool, long beforeNanos) {
    return open.entrySet().stream()
        .noneMatch(
            entry -> entry.getKey().pool().equals(pool) && entry.getValue() - beforeNanos < 0);
  }

  /** Asks no more, and waits for the answers that are still to come. */
  List<Result> stop() throws InterruptedException {
    pause();
    clients.shutdown();
    if (!clients.awaitTermination(90, TimeUnit.SECONDS)) {
      throw new AssertionError("no end of " + open.keySet());
    }
    return List.copyOf(results);
  }

  private void pause() {
    ScheduledFuture<?> running = pace;
    if (running != null) {
      running.cancel(false);
    }
  }

  @Override
  public void close() throws IOException {
    pause();
    clients.shutdownNow();
    client.close();
  }
}
