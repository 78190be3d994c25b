import java.io.IOException;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;

/** A process that answers jobs, with its queues: the gateway, or the plain client. */
final class Worker {
  /** So long nothing comes before what is missing counts as lost. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(15);

  final ProcessMeter meter;
  private final Broker broker;
  private final long pid;
  private final String jobs;
  private final String answers;

  Worker(Broker broker, ProcessHandle process, String jobs, String answers) {
    this.broker = broker;
    this.pid = process.pid();
    this.meter = ProcessMeter.tree(process);
    this.jobs = jobs;
    this.answers = answers;
  }

  /** What came of a round. Times are of the answers that were counted. */
  record Round(long counted, double seconds, long lost, long twice) {}

  /**
   * Has so many jobs answered. It stands still until all of them are stored; counted are those from
   * the end of the first tenth to that of the ninth.
   */
  Round run(int count, BenchLoad.Window window) throws Exception {
    signal("STOP");
    try (Inbox inbox = broker.inbox(answers)) {
      broker.fill(jobs, count);
      Tally tally = new Tally(count, window);
      signal("CONT");
      long last = System.nanoTime();
      while (tally.answered.cardinality() < count && System.nanoTime() - last < PATIENCE_NANOS) {
        if (inbox.read(tally) > 0) {
          last = System.nanoTime();
        }
      }
      while (inbox.read(tally) > 0) {
        // what is there twice comes last
      }
      if (tally.endNanos == 0) {
        throw new IOException(
            "%s: only %,d of %,d jobs were answered".formatted(answers, tally.seen, count));
      }
      return tally.round();
    } finally {
      signal("CONT");
    }
  }

  private void signal(String name) throws IOException, InterruptedException {
    int code =
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid).inheritIO().start().waitFor();
    if (code != 0) {
      throw new IOException("process " + pid + " has ended");
    }
  }

  /** Counts the answers of a round. */
  private static final class Tally implements Inbox.Seen {
    private final BitSet answered = new BitSet();
    private final int count;
    private final BenchLoad.Window window;
    private long seen;
    private long wrong;
    private long twice;
    private long beginNanos;
    private long endNanos;

    Tally(int count, BenchLoad.Window window) {
      this.count = count;
      this.window = window;
    }

    @Override
    public void message(String customId, String status) {
      int number = customId == null ? count : Integer.parseInt(customId.substring("job-".length()));
      if (answered.get(number)) {
        twice++;
        return;
      }
      answered.set(number);
      if (!"200".equals(status)) {
        wrong++;
      }
      seen++;
      if (seen == count / 10) {
        window.begin();
        beginNanos = System.nanoTime();
      } else if (seen == count / 10 * 9L) {
        endNanos = System.nanoTime();
        window.end();
      }
    }

    Round round() {
      return new Round(count / 10 * 8L, (endNanos - beginNanos) / 1e9, count - seen + wrong, twice);
    }
  }
}
