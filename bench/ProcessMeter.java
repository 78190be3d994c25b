import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a process and its children have used, read from /proc. */
final class ProcessMeter {
  private static final long TICK_NANOS = 10_000_000;

  /** One thread's CPU time and the times it went to sleep of its own accord. */
  record ThreadUse(String name, long cpuNanos, long sleeps) {}

  /** CPU time since the start. Threads are keyed by their id. */
  record Use(long userNanos, long systemNanos, Map<Long, ThreadUse> threads) {
    /** What was used between an earlier sample and this one. */
    Use since(Use earlier) {
      Map<Long, ThreadUse> spent = new HashMap<>();
      threads.forEach(
          (id, now) -> {
            ThreadUse before = earlier.threads.getOrDefault(id, new ThreadUse(now.name, 0, 0));
            spent.put(
                id,
                new ThreadUse(
                    now.name, now.cpuNanos - before.cpuNanos, now.sleeps - before.sleeps));
          });
      return new Use(userNanos - earlier.userNanos, systemNanos - earlier.systemNanos, spent);
    }

    /**
     * The scheduler's exact nanoseconds, unless a thread that ended in between took some of them
     * with it: then the sum of the process, which is exact to two ticks.
     */
    long cpuNanos() {
      long exact = threads.values().stream().mapToLong(ThreadUse::cpuNanos).sum();
      long ticks = userNanos + systemNanos;
      return ticks > exact + 3 * TICK_NANOS && ticks > exact * 1.03 ? ticks : exact;
    }

    /** The part of {@link #cpuNanos} that a JVM spent compiling. */
    long compilerNanos() {
      return threads.values().stream()
          .filter(
              thread ->
                  thread.name.startsWith("C1 Compiler") || thread.name.startsWith("C2 Compiler"))
          .mapToLong(ThreadUse::cpuNanos)
          .sum();
    }

    long sleeps() {
      return threads.values().stream().mapToLong(ThreadUse::sleeps).sum();
    }
  }

  /** Kilobytes: resident, and resident with shared pages divided among their users. */
  record Memory(long residentKb, long proportionalKb) {}

  private final List<Long> pids;

  ProcessMeter(List<Long> pids) {
    this.pids = pids;
  }

  /** A process and all its descendants as they are now. */
  static ProcessMeter tree(ProcessHandle root) {
    List<Long> pids = new ArrayList<>(List.of(root.pid()));
    root.descendants().forEach(child -> pids.add(child.pid()));
    return new ProcessMeter(pids);
  }

  Use use() {
    long user = 0;
    long system = 0;
    Map<Long, ThreadUse> threads = new HashMap<>();
    for (long pid : pids) {
      Path process = Path.of("/proc", Long.toString(pid));
      try {
        String stat = Files.readString(process.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        user += Long.parseLong(fields[11]) * TICK_NANOS;
        system += Long.parseLong(fields[12]) * TICK_NANOS;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(process.resolve("task"))) {
          for (Path task : tasks) {
            addThread(task, threads);
          }
        }
      } catch (IOException e) {
        // The process ended: what it used is gone with it, and the requests it dropped are counted
        // as errors.
      }
    }
    return new Use(user, system, threads);
  }

  private static void addThread(Path task, Map<Long, ThreadUse> threads) {
    try {
      String schedule = Files.readString(task.resolve("schedstat"));
      String status = Files.readString(task.resolve("status"));
      String name = status.substring(status.indexOf('\t') + 1, status.indexOf('\n'));
      long sleeps = field(status, "\nvoluntary_ctxt_switches:");
      long cpuNanos = Long.parseLong(schedule.substring(0, schedule.indexOf(' ')));
      threads.put(
          Long.parseLong(task.getFileName().toString()), new ThreadUse(name, cpuNanos, sleeps));
    } catch (IOException e) {
      // The thread ended between the listing and the reading.
    }
  }

  Memory memory() {
    long resident = 0;
    long proportional = 0;
    for (long pid : pids) {
      try {
        String rollup = Files.readString(Path.of("/proc", Long.toString(pid), "smaps_rollup"));
        resident += field(rollup, "\nRss:");
        proportional += field(rollup, "\nPss:");
      } catch (IOException e) {
        // The process ended.
      }
    }
    return new Memory(resident, proportional);
  }

  private static long field(String text, String name) {
    int at = text.indexOf(name) + name.length();
    while (!Character.isDigit(text.charAt(at))) {
      at++;
    }
    int end = at;
    while (end < text.length() && Character.isDigit(text.charAt(end))) {
      end++;
    }
    return Long.parseLong(text.substring(at, end));
  }

  /**
   * The machine's busy CPU time since its start, of all processes and of the hypervisor's other
   * guests.
   */
  static long machineBusyNanos() throws IOException {
    String[] cpu =
        Files.readString(Path.of("/proc/stat"))
            .lines()
            .findFirst()
            .orElseThrow()
            .trim()
            .split("\\s+");
    long busy = 0;
    for (int i : new int[] {1, 2, 3, 6, 7, 8}) {
      busy += Long.parseLong(cpu[i]);
    }
    return busy * TICK_NANOS;
  }
}
