package dev.caravan.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A main class of the test class path in a process of its own, which says {@code ready …} when it
 * is. It can be killed and started again. For one thread at a time.
 */
public final class JavaProcess implements AutoCloseable {
  private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

  static {
    Thread killer = new Thread(() -> RUNNING.forEach(Process::destroyForcibly));
    Runtime.getRuntime().addShutdownHook(killer);
  }

  private final List<String> command = new ArrayList<>();
  private @Nullable Process process;

  /**
   * One that does not run yet.
   *
   * @param heap such as {@code 96m}
   */
  public JavaProcess(Class<?> main, String heap, List<String> arguments) {
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + heap,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            main.getName()));
    command.addAll(arguments);
  }

  /** Starts it and waits until it is ready. */
  public void start() throws IOException {
    Process started =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    RUNNING.add(started);
    process = started;
    BufferedReader out = started.inputReader(StandardCharsets.UTF_8);
    String line = out.readLine();
    while (line != null && !line.startsWith("ready ")) {
      line = out.readLine();
    }
    if (line == null) {
      throw new IOException(command.get(command.size() - 1) + " did not start");
    }
  }

  /** SIGKILL: its sockets are closed by the system, with whatever was on them. */
  public void kill() {
    end(running().destroyForcibly());
  }

  /** SIGTERM. */
  public void terminate() {
    Process going = running();
    going.destroy();
    end(going);
  }

  /** SIGSTOP: it stands still, its sockets stay open and the system accepts for it. */
  public void freeze() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT. */
  public void thaw() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    String kill = "kill -" + name + " " + running().pid();
    int code = new ProcessBuilder("sh", "-c", kill).inheritIO().start().waitFor();
    if (code != 0) {
      throw new IOException(kill + " ended with " + code);
    }
  }

  private Process running() {
    if (process == null) {
      throw new IllegalStateException("not started");
    }
    return process;
  }

  private static void end(Process going) {
    going.onExit().orTimeout(20, TimeUnit.SECONDS).join();
    RUNNING.remove(going);
  }

  @Override
  public void close() {
    if (process != null) {
      kill();
    }
  }
}
