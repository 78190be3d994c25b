package dev.caravan.tls;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/*
 * A signature costs a processor about a millisecond. On an event loop, a thousand clients that
 * connect at once would hold every stream of that loop for a second. Here they wait for each other,
 * and beside as many threads as loops the scheduler of the system leaves the loops their half.
 */

/** The threads that do what is expensive in a handshake. Safe for any thread. */
public final class Handshakes implements Executor, AutoCloseable {
  /** About a second of work for one thread; what is beyond fails at once, as shed. */
  private static final int WAITING = 1_024;

  private final ThreadPoolExecutor threads;

  /**
   * Threads that start when they are needed.
   *
   * @param count from 1
   */
  public Handshakes(int count) {
    threads =
        new ThreadPoolExecutor(
            count,
            count,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING),
            new DefaultThreadFactory("caravan-tls", true));
    threads.allowCoreThreadTimeOut(true);
  }

  /**
   * Runs it soon.
   *
   * @throws java.util.concurrent.RejectedExecutionException where too many wait
   */
  @Override
  public void execute(Runnable task) {
    threads.execute(task);
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
