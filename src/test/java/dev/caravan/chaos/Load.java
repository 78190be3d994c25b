package dev.caravan.chaos;

import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Requests at a steady rate, whatever becomes of those before: a gateway that is slow to answer
 * gets no rest for it. Which requests these are depends on the seed alone.
 */
final class Load implements AutoCloseable {
  private final List<Pool> pools;
  private final List<Question> questions;
  private final Client client;
  private final Random random;
  private final ExecutorService clients = Executors.newCachedThreadPool();
  private final Queue<Result> results = new ConcurrentLinkedQueue<>();
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger asked = new AtomicInteger();
  private final ScheduledFuture<?> pace;

  /** Begins to ask: so many requests a second in each pool. */
  Load(
      int port,
      List<Pool> pools,
      List<Question> questions,
      Answers answers,
      int perSecond,
      long seed) {
    this.pools = pools;
    this.questions = questions;
    client = new Client(port, answers);
    random = new Random(seed);
    pace =
        Pause.TIMER.scheduleAtFixedRate(
            this::tick, 0, 1_000_000 / perSecond, TimeUnit.MICROSECONDS);
  }

  private void tick() {
    for (Pool pool : pools) {
      Ask ask = Ask.draw(asked.incrementAndGet(), pool, questions, random);
      open.incrementAndGet();
      clients.execute(
          () -> {
            try {
              results.add(client.ask(ask));
            } finally {
              open.decrementAndGet();
            }
          });
    }
  }

  /** Requests that have an end. */
  int answered() {
    return asked.get() - open.get();
  }

  /** Asks no more, and waits for the answers that are still to come. */
  List<Result> stop() throws InterruptedException {
    pace.cancel(false);
    clients.shutdown();
    if (!clients.awaitTermination(90, TimeUnit.SECONDS)) {
      throw new AssertionError(open.get() + " requests have no end");
    }
    return List.copyOf(results);
  }

  @Override
  public void close() throws IOException {
    pace.cancel(false);
    clients.shutdownNow();
    client.close();
  }
}
