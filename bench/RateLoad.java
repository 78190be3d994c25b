import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Requests at a fixed rate: one thread sends them when they are due, another reads the answers. */
final class RateLoad {
  private static final long SECOND = 1_000_000_000L;
  private static final long GRACE_NANOS = 5 * SECOND;
  private static final long GIVE_UP_ERRORS = 5_000;
  private static final int FIRST_CONNECTIONS = 32;
  private static final int MOST_CONNECTIONS = 512;

  private final int port;
  private final Errors errors;

  RateLoad(int port, Errors errors) {
    this.port = port;
    this.errors = errors;
  }

  /**
   * Requests at fixed instants, whether or not earlier ones were answered. The first-byte latency
   * counts from the instant a request was due, so one that had to wait for a free connection or a
   * late sender counts with its wait.
   */
  BenchLoad.Counted run(
      double perSecond,
      double rampSeconds,
      double seconds,
      Samples firstByteLatency,
      BenchLoad.Window window)
      throws IOException, InterruptedException {
    Requests requests = Requests.plain();
    try (RateLoop loop = new RateLoop(firstByteLatency)) {
      loop.openFirst();
      Thread reader = new Thread(loop::readAll, "bench-reader");
      reader.setDaemon(true);
      reader.start();
      long interval = (long) (SECOND / perSecond);
      long ramp = (long) (rampSeconds * perSecond);
      long total = ramp + (long) (seconds * perSecond);
      long due = System.nanoTime() + 10_000_000;
      long begin = due;
      for (long i = 0; i < total && errors.total() < GIVE_UP_ERRORS; i++, due += interval) {
        if (i == ramp) {
          window.begin();
          loop.recording = true;
          due = System.nanoTime() + interval;
          begin = due;
        }
        sleepUntil(due);
        SelectLoop.Connection connection = loop.take(due + GRACE_NANOS);
        if (connection != null) {
          loop.send(connection, requests.take(), due);
        }
      }
      loop.awaitIdle(System.nanoTime() + GRACE_NANOS);
      double took = (System.nanoTime() - begin) / (double) SECOND;
      window.end();
      loop.stopped = true;
      loop.wakeUp();
      reader.join();
      return new BenchLoad.Counted(total - ramp, took);
    }
  }

  /**
   * Sleeps most of the wait and spins the last tenth of a millisecond, which is what the kernel's
   * timer may be late.
   */
  private static void sleepUntil(long dueNanos) {
    for (long left = dueNanos - System.nanoTime(); left > 0; left = dueNanos - System.nanoTime()) {
      if (left > 150_000) {
        LockSupport.parkNanos(left - 100_000);
      } else {
        Thread.onSpinWait();
      }
    }
  }

  private final class RateLoop extends SelectLoop {
    private final ConcurrentLinkedQueue<Connection> idle = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Connection> opened = new ConcurrentLinkedQueue<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Samples latency;
    private volatile boolean recording;
    private volatile boolean stopped;

    private RateLoop(Samples latency) throws IOException {
      super(RateLoad.this.port, RateLoad.this.errors);
      this.latency = latency;
    }

    private void openFirst() {
      for (int i = 0; i < FIRST_CONNECTIONS; i++) {
        Connection connection = open(null);
        if (connection != null) {
          register(connection);
          connections.incrementAndGet();
          idle.add(connection);
        }
      }
    }

    private Connection take(long deadlineNanos) {
      while (System.nanoTime() < deadlineNanos) {
        Connection connection = idle.poll();
        if (connection == null && connections.get() < MOST_CONNECTIONS) {
          connection = open(null);
          if (connection != null) {
            connections.incrementAndGet();
            opened.add(connection);
            wakeUp();
          }
        }
        if (connection != null && connection.channel.isOpen()) {
          waiting.incrementAndGet();
          return connection;
        }
        if (connection == null) {
          LockSupport.parkNanos(50_000);
        }
      }
      errors.add("no connection in time");
      return null;
    }

    private void awaitIdle(long deadlineNanos) {
      while (waiting.get() > 0 && System.nanoTime() < deadlineNanos) {
        LockSupport.parkNanos(200_000);
      }
      for (int i = waiting.get(); i > 0; i--) {
        errors.add("no answer in time");
      }
    }

    private void readAll() {
      try {
        while (!stopped) {
          poll(20);
          for (Connection connection = opened.poll();
              connection != null;
              connection = opened.poll()) {
            register(connection);
          }
        }
      } catch (IOException e) {
        errors.add("reader: " + e.getMessage());
      }
    }

    @Override
    void firstByte(Connection connection, long nowNanos) {
      if (recording) {
        latency.add(nowNanos - connection.startNanos);
      }
    }

    @Override
    void complete(Connection connection, long nowNanos) {
      BenchLoad.checkSize(connection, errors);
      waiting.decrementAndGet();
      if (connection.channel.isOpen()) {
        idle.add(connection);
      }
    }

    @Override
    void lost(Connection connection) {
      connections.decrementAndGet();
      if (connection.reader.expecting()) {
        waiting.decrementAndGet();
      }
    }
  }
}
