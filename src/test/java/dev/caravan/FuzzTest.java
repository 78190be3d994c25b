package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Runs Jazzer on a target for {@code fuzz.seconds}, after every input of its corpus. What it finds
 * new is not kept; an input that fails is printed, and belongs into the corpus with its mend.
 */
class FuzzTest {
  @ParameterizedTest
  @CsvSource({
    "ingress.IngressFuzz, http",
    "ingress.HeadersFuzz, headers",
    "request.BodyFuzz, json",
    "tenant.CredentialsFuzz, clients",
    "upstream.AnswerFuzz, answer",
    "queue.MessageFuzz, message",
  })
  void target_holds(String target, String corpus, @TempDir Path found) throws Exception {
    int seconds = Integer.getInteger("fuzz.seconds", 4);
    Path seeds = Path.of("src/test/resources/fuzz", corpus);
    try (Stream<Path> files = Files.list(seeds)) {
      assertThat(files).hasSizeGreaterThan(10);
    }
    Path log = found.resolve("log");
    Path made = Files.createDirectory(found.resolve("made"));
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-XX:MaxDirectMemorySize=256m",
            "-ea",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=dev.caravan." + target,
            "--instrumentation_includes=dev.caravan.**:io.netty.handler.codec.http.**",
            // Its own checks of the JDK's calls fail on Netty's use of Unsafe.
            "--custom_hook_includes=dev.caravan.**",
            "--reproducer_path=" + found,
            "-artifact_prefix=" + found + File.separator,
            "-max_total_time=" + seconds,
            // The first input waits for all classes, on any machine.
            "-timeout=120",
            "-max_len=4096",
            // The JVM bounds its memory. The kernel's peak, which this would look at, is that of
            // the
            // process that started it: the tests' own.
            "-rss_limit_mb=0",
            "-seed=1",
            made.toString(),
            seeds.toAbsolutePath().toString());
    Process jazzer =
        new ProcessBuilder(command)
            .directory(found.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertThat(jazzer.waitFor(seconds + 300L, TimeUnit.SECONDS)).isTrue();
      String said = Files.readString(log, java.nio.charset.StandardCharsets.ISO_8859_1);
      assertThat(jazzer.exitValue()).as(said).isZero();
      assertThat(said).containsPattern("Done \\d+ runs");
    } finally {
      jazzer.destroyForcibly();
    }
  }
}
