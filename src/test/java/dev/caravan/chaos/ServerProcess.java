package dev.caravan.chaos;

import dev.caravan.simulator.SimulatorMain;
import dev.caravan.testing.JavaProcess;
import dev.caravan.testing.Ports;
import java.io.IOException;
import java.util.List;

/**
 * A simulated model server in a process of its own, which keeps its port over restarts. For one
 * thread at a time.
 */
final class ServerProcess implements AutoCloseable {
  private final int port = Ports.free();
  private final JavaProcess process;

  /** One that does not run yet. */
  ServerProcess(String name, String model, double speedup) {
    process =
        new JavaProcess(
            SimulatorMain.class,
            "96m",
            List.of(
                "--port",
                Integer.toString(port),
                "--name",
                name,
                "--model",
                model,
                "--speedup",
                Double.toString(speedup)));
  }

  int port() {
    return port;
  }

  /** Starts it and waits until it listens. */
  void start() throws IOException {
    process.start();
  }

  /** SIGKILL: its sockets are closed by the system, with whatever was on them. */
  void kill() {
    process.kill();
  }

  /** SIGTERM. */
  void terminate() {
    process.terminate();
  }

  /** SIGSTOP: it stands still, its sockets stay open and the system accepts for it. */
  void freeze() throws IOException, InterruptedException {
    process.freeze();
  }

  /** SIGCONT. */
  void thaw() throws IOException, InterruptedException {
    process.thaw();
  }

  @Override
  public void close() {
    process.close();
  }
}
