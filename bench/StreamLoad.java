import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Streamed answers: paced ones whose events are counted and timed, and idle ones that are only held
 * open.
 */
final class StreamLoad {
  private static final long SECOND = 1_000_000_000L;
  private static final long GRACE_NANOS = 6 * SECOND;
  private static final long OPENING_NANOS = 30 * SECOND;
  private static final int OPENING_AT_ONCE = 64;
  private static final long GIVE_UP_ERRORS = 5_000;
  private static final long IDLE_EVENTS = 1_000;
  private static final long IDLE_INTERVAL_MICROS = 3_600L * 1_000_000;

  private final int port;
  private final Errors errors;

  StreamLoad(int port, Errors errors) {
    this.port = port;
    this.errors = errors;
  }

  /**
   * Streams whose upstream writes an event every interval. All are opened, evenly over one second
   * at most; then events are counted for the window; then every stream must end complete. The delay
   * of an event is from the upstream's write to the client's read.
   */
  BenchLoad.Counted paced(
      int streams,
      long intervalMicros,
      double seconds,
      Samples eventDelays,
      BenchLoad.Window window)
      throws IOException {
    double openSeconds = Math.min(1, Math.max(0.2, streams * intervalMicros / 1e6 / 20));
    double rampSeconds = openSeconds + 0.3;
    long events = (long) Math.ceil((rampSeconds + seconds + 0.3) * 1e6 / intervalMicros);
    Requests requests = Requests.stream(events, intervalMicros);
    try (StreamLoop loop = new StreamLoop(events)) {
      long start = System.nanoTime();
      for (int i = 0; i < streams; i++) {
        loop.add(requests.take(), eventDelays);
        loop.runUntil(start + (long) (openSeconds * SECOND * (i + 1) / streams));
      }
      loop.runUntil(start + (long) (rampSeconds * SECOND));
      eventDelays.clear();
      window.begin();
      long begin = System.nanoTime();
      int before = eventDelays.size();
      loop.runUntil(begin + (long) (seconds * SECOND));
      int count = eventDelays.size() - before;
      double took = (System.nanoTime() - begin) / (double) SECOND;
      window.end();
      loop.finish();
      return new BenchLoad.Counted(count, took);
    }
  }

  /**
   * Opens streams that stay silent after their first event, calls the window's ends around a
   * settling time, closes them.
   */
  BenchLoad.Counted idle(int streams, double settleSeconds, BenchLoad.Window window)
      throws IOException {
    Requests requests = Requests.stream(IDLE_EVENTS, IDLE_INTERVAL_MICROS);
    window.begin();
    List<SelectLoop.Connection> opened = new ArrayList<>();
    try (StreamLoop loop = new StreamLoop(IDLE_EVENTS)) {
      long deadline = System.nanoTime() + OPENING_NANOS;
      int started = 0;
      while (loop.begun < streams
          && System.nanoTime() < deadline
          && errors.total() < GIVE_UP_ERRORS) {
        while (started < streams && started - loop.begun < OPENING_AT_ONCE) {
          SelectLoop.Connection connection = loop.add(requests.take(), null);
          started++;
          if (connection == null) {
            loop.begun++;
          } else {
            opened.add(connection);
          }
        }
        loop.poll(5);
      }
      loop.runUntil(System.nanoTime() + (long) (settleSeconds * SECOND));
      long open = opened.stream().filter(c -> c.channel.isOpen() && c.reader.events == 1).count();
      window.end();
      for (long i = open; i < streams; i++) {
        errors.add("idle stream did not open or stay open");
      }
      return new BenchLoad.Counted(open, settleSeconds);
    }
  }

  private final class StreamLoop extends SelectLoop {
    private final long events;
    private int waiting;
    private int begun;

    private StreamLoop(long events) throws IOException {
      super(StreamLoad.this.port, StreamLoad.this.errors);
      this.events = events;
    }

    private Connection add(ByteBuffer request, Samples eventDelays) {
      Connection connection = open(eventDelays);
      if (connection != null) {
        register(connection);
        waiting++;
        send(connection, request, System.nanoTime());
      }
      return connection;
    }

    private void runUntil(long endNanos) throws IOException {
      for (long left = endNanos - System.nanoTime();
          left > 0;
          left = endNanos - System.nanoTime()) {
        poll(Math.max(1, left / 1_000_000));
      }
    }

    private void finish() throws IOException {
      long end = System.nanoTime() + GRACE_NANOS;
      while (waiting > 0 && System.nanoTime() < end) {
        poll(10);
      }
      for (int i = 0; i < waiting; i++) {
        errors.add("stream did not end in time");
      }
    }

    @Override
    void firstByte(Connection connection, long nowNanos) {
      begun++;
    }

    @Override
    void complete(Connection connection, long nowNanos) {
      waiting--;
      if (connection.reader.status == 200
          && (connection.reader.events != events || !connection.reader.done)) {
        errors.add(
            "stream of "
                + connection.reader.events
                + " of "
                + events
                + " events"
                + (connection.reader.done ? "" : ", cut"));
      }
      drop(connection);
    }

    @Override
    void lost(Connection connection) {
      if (connection.reader.expecting()) {
        waiting--;
      }
    }
  }
}
