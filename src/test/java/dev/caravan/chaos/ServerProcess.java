package dev.caravan.chaos;

import dev.caravan.simulator.SimulatorMain;
import dev.caravan.testing.Ports;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A simulated model server in a process of its own, which keeps its port over restarts. For one
 * thread at a time.
 */
final class ServerProcess implements AutoCloseable {
  private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

  static {
    Thread killer = new Thread(() -> RUNNING.forEach(Process::destroyForcibly));
    Runtime.getRuntime().addShutdownHook(killer);
  }

  private final List<String> command;
  private final int port = Ports.free();
  private @Nullable Process process;

  /** One that does not run yet. */
  ServerProcess(String name, String model, double speedup) {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx96m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            classPath,
            SimulatorMain.class.getName(),
            "--port",
            Integer.toString(port),
            "--name",
            name,
            "--model",
            model,
            "--speedup",
            Double.toString(speedup));
  }

  int port() {
    return port;
  }

  /** Starts it and waits until it listens. */
  void start() throws IOException {
    Process started =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    RUNNING.add(started);
    process = started;
    BufferedReader out = started.inputReader(StandardCharsets.UTF_8);
    String line = out.readLine();
    if (line == null || !line.startsWith("ready ")) {
      throw new IOException("a simulator did not start: " + line);
    }
  }

  /** SIGKILL: its sockets are closed by the system, with whatever was on them. */
  void kill() {
    end(running().destroyForcibly());
  }

  /** SIGTERM. */
  void terminate() {
    Process going = running();
    going.destroy();
    end(going);
  }

  /** SIGSTOP: it stands still, its sockets stay open and the system accepts for it. */
  void freeze() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT. */
  void thaw() throws IOException, InterruptedException {
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
