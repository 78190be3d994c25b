package dev.caravan.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.Together;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFileTest {
  @TempDir private Path directory;

  private final AtomicLong nanos = new AtomicLong();

  private LogFile open(Path path, long maxBytes, int keep) throws IOException {
    return new LogFile(path, maxBytes, keep, nanos::get);
  }

  private static byte[] line(String text) {
    return (text + "\n").getBytes(UTF_8);
  }

  @Test
  void append_fromManyThreads_keepsEveryLineWhole() throws Exception {
    Path path = directory.resolve("deep/er/access.log");
    try (LogFile log = open(path, 1 << 20, 1)) {
      AtomicInteger threads = new AtomicInteger();
      Together.run(
          4,
          () -> {
            int thread = threads.getAndIncrement();
            for (int i = 0; i < 500; i++) {
              log.append(line("thread " + thread + " line " + i));
            }
            return thread;
          });
      assertThat(log.dropped()).isZero();
    }
    assertThat(Files.readAllLines(path))
        .hasSize(2000)
        .doesNotHaveDuplicates()
        .allMatch(text -> text.matches("thread \\d line \\d+"));
  }

  @Test
  void append_beyondTheSize_beginsANewFileAndKeepsSoMany() throws Exception {
    Path path = directory.resolve("access.log");
    for (int i = 0; i < 4; i++) {
      try (LogFile log = open(path, 10, 2)) {
        log.append(line("number " + i + " is long"));
      }
    }
    assertThat(path).isEmptyFile();
    assertThat(directory.resolve("access.log.1")).hasContent("number 3 is long");
    assertThat(directory.resolve("access.log.2")).hasContent("number 2 is long");
    assertThat(directory.resolve("access.log.3")).doesNotExist();
  }

  @Test
  void fileMovedAway_aNewOneIsBegun() throws Exception {
    Path path = directory.resolve("access.log");
    try (LogFile log = open(path, 1 << 20, 1)) {
      log.append(line("one"));
      await().until(() -> Files.size(path) > 0);
      Files.move(path, directory.resolve("rotated"));
      nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
      await().until(() -> Files.exists(path));
      log.append(line("two"));
    }
    assertThat(directory.resolve("rotated")).hasContent("one");
    assertThat(path).hasContent("two");
  }

  @Test
  void open_whereNoFileCanBe_fails() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "x");
    assertThatThrownBy(() -> open(file.resolve("access.log"), 1 << 20, 1))
        .isInstanceOf(IOException.class);
  }
}
