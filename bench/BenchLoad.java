import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Timer;
import java.util.TimerTask;

/**
 * The loads. Every one is bounded in time and counts what went wrong in the {@link Errors} it was
 * given.
 */
final class BenchLoad {
  private static final long SECOND = 1_000_000_000L;
  private static final long GRACE_NANOS = 5 * SECOND;
  private static final long GIVE_UP_ERRORS = 5_000;

  /** Called at the first and at the last instant of the counted window, on the loading thread. */
  interface Window {
    /** A window nobody looks at. */
    Window NONE = () -> {};

    default void begin() {}

    void end();
  }

  /** How much was done between the two calls of the {@link Window}. */
  record Counted(long count, double seconds) {}

  private final int port;
  private final Errors errors;

  BenchLoad(int port, Errors errors) {
    this.port = port;
    this.errors = errors;
  }

  /** So many connections, each sending its next request when the last answer is complete. */
  Counted closedLoop(
      int connections, double rampSeconds, double seconds, long maxRequests, Window window)
      throws IOException {
    Requests requests = Requests.plain();
    try (ClosedLoop loop = new ClosedLoop(requests, maxRequests)) {
      for (int i = 0; i < connections; i++) {
        loop.add();
      }
      loop.runUntil(System.nanoTime() + (long) (rampSeconds * SECOND));
      window.begin();
      long begin = System.nanoTime();
      long before = loop.completed;
      loop.runUntil(begin + (long) (seconds * SECOND));
      long count = loop.completed - before;
      double took = (System.nanoTime() - begin) / (double) SECOND;
      window.end();
      loop.finish();
      return new Counted(count, took);
    }
  }

  private final class ClosedLoop extends SelectLoop {
    private final Requests requests;
    private final long maxRequests;
    private long completed;
    private int waiting;
    private boolean stopping;

    private ClosedLoop(Requests requests, long maxRequests) throws IOException {
      super(BenchLoad.this.port, BenchLoad.this.errors);
      this.requests = requests;
      this.maxRequests = maxRequests;
    }

    private void add() {
      Connection connection = open(null);
      if (connection != null) {
        register(connection);
        waiting++;
        send(connection, requests.take(), System.nanoTime());
      }
    }

    private void runUntil(long endNanos) throws IOException {
      for (long left = endNanos - System.nanoTime();
          left > 0 && completed < maxRequests && waiting > 0 && errors.total() < GIVE_UP_ERRORS;
          left = endNanos - System.nanoTime()) {
        poll(Math.max(1, left / 1_000_000));
      }
    }

    private void finish() throws IOException {
      stopping = true;
      long end = System.nanoTime() + GRACE_NANOS;
      while (waiting > 0 && System.nanoTime() < end) {
        poll(10);
      }
      for (int i = 0; i < waiting; i++) {
        errors.add("no answer in time");
      }
    }

    @Override
    void complete(Connection connection, long nowNanos) {
      checkSize(connection, errors);
      completed++;
      if (stopping) {
        waiting--;
        drop(connection);
      } else if (connection.channel.isOpen()) {
        send(connection, requests.take(), nowNanos);
      }
    }

    @Override
    void lost(Connection connection) {
      if (!stopping) {
        waiting--;
        if (errors.total() < GIVE_UP_ERRORS) {
          add();
        }
      } else if (connection.reader.expecting()) {
        waiting--;
      }
    }
  }

  /** A whole answer has about the size the server gave it, whatever a gateway adds to it. */
  static void checkSize(SelectLoop.Connection connection, Errors errors) {
    long bytes = connection.reader.bodyBytes;
    if (connection.reader.status == 200
        && (bytes < Answers.ANSWER_BYTES - 64 || bytes > Answers.ANSWER_BYTES + 256)) {
      errors.add("answer of " + bytes + " bytes");
    }
  }

  /** One request after another on one connection: the first-byte latency from the write's begin. */
  void oneByOne(
      Requests requests, int unrecorded, int count, double maxSeconds, Samples firstByteLatency) {
    ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
    long end = System.nanoTime() + (long) (maxSeconds * SECOND);
    ResponseReader reader = new ResponseReader(null);
    Timer timer = new Timer("bench-deadline", true);
    try (SocketChannel channel = SocketChannel.open()) {
      timer.schedule(closing(channel), (long) (maxSeconds * 1000) + GRACE_NANOS / 1_000_000);
      channel
          .socket()
          .connect(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 5_000);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      for (int i = -unrecorded; i < count && System.nanoTime() < end; i++) {
        ByteBuffer request = requests.take();
        reader.next();
        long start = System.nanoTime();
        while (request.hasRemaining()) {
          channel.write(request);
        }
        boolean first = true;
        boolean complete = false;
        while (!complete) {
          in.clear();
          if (channel.read(in) < 0) {
            throw new IOException("closed before the answer's end");
          }
          long now = System.nanoTime();
          if (first && i >= 0) {
            firstByteLatency.add(now - start);
          }
          first = false;
          complete = reader.read(in.flip(), now);
        }
        if (reader.status != 200) {
          errors.add("status " + reader.status);
        }
        if (reader.closes) {
          throw new IOException("the answer closes the connection");
        }
      }
    } catch (IOException | RuntimeException e) {
      errors.add("one by one: " + (e.getMessage() == null ? "no answer in time" : e.getMessage()));
    } finally {
      timer.cancel();
    }
  }

  private static TimerTask closing(SocketChannel channel) {
    return new TimerTask() {
      @Override
      public void run() {
        try {
          channel.close();
        } catch (IOException e) {
          // The reading thread sees the end of it.
        }
      }
    };
  }
}
