import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A message broker in a process of its own, with plain clients of it. */
abstract class Broker {
  private static final int START_SECONDS = 60;

  final String name;
  final String title;
  final int port;
  final Path work;
  private Process process;

  Broker(String name, String title, Path work) throws IOException {
    this.name = name;
    this.title = title;
    this.port = Target.freePort();
    this.work = Files.createDirectories(work.resolve(name));
  }

  /** What clients connect to. */
  abstract String address();

  /** The name and version of what runs. */
  abstract String version();

  /** Makes queues that did not exist. */
  abstract void create(List<String> queues) throws Exception;

  /** Sends so many jobs, numbered from 0; returns when all are stored. */
  abstract void fill(String queue, int count) throws Exception;

  /** Reads what comes into a queue from now on. */
  abstract Inbox inbox(String queue) throws Exception;

  /** What the gateway is told, with the names of the queues for jobs, answers, dead letters. */
  abstract List<String> settings(String jobs, String answers, String deadLetters);

  ProcessMeter meter() {
    return ProcessMeter.tree(process.toHandle());
  }

  void launch(String classPath, String... arguments) throws IOException, InterruptedException {
    // Its standard input stays open: Artemis ends when that does.
    process =
        java(classPath, arguments)
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("broker.log").toFile())
            .start();
    long end = System.nanoTime() + START_SECONDS * 1_000_000_000L;
    while (!listens()) {
      if (!process.isAlive() || System.nanoTime() > end) {
        throw new IOException(
            title + " did not start: " + Files.readString(work.resolve("broker.log")));
      }
      Thread.sleep(100);
    }
  }

  ProcessBuilder java(String classPath, String... arguments) throws IOException {
    // The class path is too long for a command.
    Path file = Files.writeString(work.resolve("java.arguments"), "-cp \"" + classPath + "\"\n");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-Xms512m", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
    command.add("@" + file);
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).directory(work.toFile());
  }

  private boolean listens() {
    try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return probe.isConnected();
    } catch (IOException notYet) {
      return false;
    }
  }

  void stop() {
    if (process != null) {
      Target.end(List.of(process.toHandle()));
    }
  }

  /** The version in a jar's name on a class path; empty where there is none. */
  static String versionOf(String classPath, String artifact) {
    for (String entry : classPath.split(":")) {
      String file = Path.of(entry).getFileName().toString();
      if (file.startsWith(artifact + "-")
          && Character.isDigit(file.charAt(artifact.length() + 1))) {
        return file.substring(artifact.length() + 1, file.length() - ".jar".length());
      }
    }
    return "";
  }
}
