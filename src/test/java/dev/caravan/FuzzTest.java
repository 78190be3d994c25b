package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every target holds at the inputs of its corpus and close by them. Then Jazzer runs for {@code
 * fuzz.seconds}, on the two that read what anybody may send; in the profile {@code fuzz}, on all.
 * What it finds new is not kept; an input that fails is printed, and belongs into the corpus with
 * its mend.
 */
class FuzzTest {
  private static final Map<String, String> TARGETS =
      Map.of(
          "ingress.IngressFuzz", "http",
          "request.BodyFuzz", "json",
          "ingress.HeadersFuzz", "headers",
          "tenant.CredentialsFuzz", "clients",
          "upstream.AnswerFuzz", "answer",
          "queue.MessageFuzz", "message");

  /** Jazzer takes twenty seconds to begin with each. */
  private static final Set<String> ALWAYS = Set.of("ingress.IngressFuzz", "request.BodyFuzz");

  private static final int SECONDS = Integer.getInteger("fuzz.seconds", 10);
  private static final int CLOSE_BY = 3_000;

  private static Path corpus(String target) {
    return Path.of("src/test/resources/fuzz", Objects.requireNonNull(TARGETS.get(target)));
  }

  static Stream<String> all() {
    return TARGETS.keySet().stream().sorted();
  }

  static Stream<String> jazzers() {
    return all().filter(target -> SECONDS >= 60 || ALWAYS.contains(target));
  }

  @ParameterizedTest
  @MethodSource("all")
  void target_holdsAtItsCorpus_andCloseBy(String target) throws Throwable {
    MethodHandle holds =
        MethodHandles.publicLookup()
            .findStatic(
                Class.forName("dev.caravan." + target),
                "fuzzerTestOneInput",
                MethodType.methodType(void.class, byte[].class));
    List<byte[]> seeds = new ArrayList<>();
    try (Stream<Path> files = Files.list(corpus(target)).sorted()) {
      for (Path file : files.toList()) {
        seeds.add(Files.readAllBytes(file));
      }
    }
    assertThat(seeds).hasSizeGreaterThan(10);
    for (byte[] seed : seeds) {
      holds.invoke(seed);
    }
    Random random = new Random(1);
    for (int i = 0; i < CLOSE_BY; i++) {
      byte[] input = changed(seeds.get(random.nextInt(seeds.size())), random);
      try {
        holds.invoke(input);
      } catch (Throwable e) {
        throw new AssertionError("at " + Base64.getEncoder().encodeToString(input), e);
      }
    }
  }

  /** One to four bytes are others, are gone, or are there twice. */
  private static byte[] changed(byte[] seed, Random random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Set<Integer> places = new HashSet<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      places.add(random.nextInt(seed.length + 1));
    }
    for (int i = 0; i < seed.length; i++) {
      int kind = places.contains(i) ? random.nextInt(3) : 3;
      if (kind == 0) {
        out.write(random.nextInt(256));
      } else if (kind > 1) {
        out.write(seed[i]);
        if (kind == 2) {
          out.write(seed[i]);
        }
      }
    }
    return out.toByteArray();
  }

  @ParameterizedTest
  @MethodSource("jazzers")
  void jazzer_findsNothing(String target, @TempDir Path found) throws Exception {
    int seconds = SECONDS;
    Path seeds = corpus(target);
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
            // the process that started it: the tests' own.
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
