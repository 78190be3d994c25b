import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/**
 * Where a JVM spends its time under a load: by thread from /proc, by method from a flight
 * recording.
 */
final class Profile {
  /** A load that is measured between the calls of the window. */
  interface Load {
    BenchLoad.Counted run(BenchLoad.Window window) throws IOException, InterruptedException;
  }

  private static final int SHOWN = 25;
  private static final Set<String> WAITING =
      Set.of(
          "epollWait",
          "epollWait0",
          "epollBusyWait0",
          "wait",
          "wait0",
          "park",
          "accept",
          "accept0",
          "poll");

  private final Target target;
  private final Path directory;

  Profile(Target target, Path directory) throws IOException {
    this.target = target;
    this.directory = Files.createDirectories(directory);
  }

  void under(String name, Load load) throws IOException, InterruptedException {
    Path recording = directory.resolve("profile-" + name + ".jfr");
    ProcessMeter meter = target.meter();
    ProcessMeter.Use[] use = new ProcessMeter.Use[2];
    BenchLoad.Counted counted =
        load.run(
            new BenchLoad.Window() {
              @Override
              public void begin() {
                jcmd("JFR.start", "name=bench", "settings=profile");
                use[0] = meter.use();
              }

              @Override
              public void end() {
                use[1] = meter.use().since(use[0]);
                jcmd("JFR.stop", "name=bench", "filename=" + recording);
              }
            });
    System.out.printf(
        Locale.ROOT,
        "%n## under %s: %,d in %.1f s, %.1f µs of CPU each (the recording included)%n%n",
        name,
        counted.count(),
        counted.seconds(),
        use[1].cpuNanos() / 1000.0 / counted.count());
    printThreads(use[1], counted.count());
    printMethods(recording);
    System.out.println("\nrecording: " + recording);
  }

  private static void printThreads(ProcessMeter.Use use, long count) {
    System.out.println("thread: µs of CPU and sleeps, per request or event");
    Map<String, ProcessMeter.ThreadUse> byName = new HashMap<>();
    for (ProcessMeter.ThreadUse thread : use.threads().values()) {
      byName.merge(
          thread.name(),
          thread,
          (a, b) ->
              new ProcessMeter.ThreadUse(
                  a.name(), a.cpuNanos() + b.cpuNanos(), a.sleeps() + b.sleeps()));
    }
    byName.values().stream()
        .sorted(Comparator.comparingLong(ProcessMeter.ThreadUse::cpuNanos).reversed())
        .limit(12)
        .forEach(
            thread ->
                System.out.printf(
                    Locale.ROOT,
                    "  %-18s %7.2f %7.3f%n",
                    thread.name(),
                    thread.cpuNanos() / 1000.0 / count,
                    thread.sleeps() / (double) count));
  }

  private static void printMethods(Path recording) throws IOException {
    Map<String, Integer> own = new HashMap<>();
    Map<String, Integer> below = new HashMap<>();
    int samples = 0;
    try (RecordingFile file = new RecordingFile(recording)) {
      while (file.hasMoreEvents()) {
        RecordedEvent event = file.readEvent();
        if (!running(event)) {
          continue;
        }
        samples++;
        Set<String> seen = new HashSet<>();
        for (RecordedFrame frame : event.getStackTrace().getFrames()) {
          String method = frame.getMethod().getType().getName() + "." + frame.getMethod().getName();
          if (seen.isEmpty()) {
            own.merge(method, 1, Integer::sum);
          }
          if (seen.add(method)) {
            below.merge(method, 1, Integer::sum);
          }
        }
      }
    }
    System.out.println(
        "\n"
            + samples
            + " samples of running threads; the kernel's work shows as the native method that"
            + " called it");
    print("the method itself", own, samples);
    print("the method and what it calls", below, samples);
  }

  /** A sample of a thread that runs Java code, or native code that is not waiting for work. */
  private static boolean running(RecordedEvent event) {
    String type = event.getEventType().getName();
    if (!type.equals("jdk.ExecutionSample") && !type.equals("jdk.NativeMethodSample")) {
      return false;
    }
    return event.getStackTrace() != null
        && !event.getStackTrace().getFrames().isEmpty()
        && !WAITING.contains(event.getStackTrace().getFrames().get(0).getMethod().getName());
  }

  private static void print(String title, Map<String, Integer> counts, int samples) {
    System.out.println("\n" + title);
    counts.entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
        .limit(SHOWN)
        .forEach(
            entry ->
                System.out.printf(
                    Locale.ROOT,
                    "  %5.1f %%  %s%n",
                    100.0 * entry.getValue() / samples,
                    entry.getKey()));
  }

  private void jcmd(String... command) {
    try {
      String[] all = new String[command.length + 2];
      all[0] = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
      all[1] = Long.toString(target.jvmPid());
      System.arraycopy(command, 0, all, 2, command.length);
      Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
      String output =
          new String(
              process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException("jcmd: " + output);
      }
    } catch (IOException e) {
      throw new IllegalStateException("jcmd: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
