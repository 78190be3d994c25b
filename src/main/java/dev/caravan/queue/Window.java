package dev.caravan.queue;

import dev.caravan.time.Ticker;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** How many jobs are held, and how many may be. Safe for any thread; only {@link #await} waits. */
final class Window {
  private final AtomicInteger held = new AtomicInteger();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final AtomicInteger waiters = new AtomicInteger();
  private volatile int size;

  /** The most that are to be held; 0 for none. */
  void resize(int most) {
    size = most;
    wake();
  }

  int held() {
    return held.get();
  }

  int room() {
    return size - held.get();
  }

  void take() {
    held.incrementAndGet();
  }

  void release() {
    held.decrementAndGet();
    wake();
  }

  private void wake() {
    if (waiters.get() > 0) {
      lock.lock();
      try {
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Waits for room.
   *
   * @return whether there is, after at most that many milliseconds
   */
  boolean await(long millis, Ticker ticker) throws InterruptedException {
    long end = ticker.nanos() + TimeUnit.MILLISECONDS.toNanos(millis);
    waiters.incrementAndGet();
    try {
      lock.lockInterruptibly();
      try {
        long left = end - ticker.nanos();
        while (room() <= 0 && left > 0) {
          left = changed.awaitNanos(left);
        }
        return room() > 0;
      } finally {
        lock.unlock();
      }
    } finally {
      waiters.decrementAndGet();
    }
  }
}
