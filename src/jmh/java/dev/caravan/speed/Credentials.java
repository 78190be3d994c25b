package dev.caravan.speed;

import dev.caravan.tenant.Access;
import dev.caravan.tenant.Clients;
import dev.caravan.tenant.Digest;
import dev.caravan.tenant.Shown;
import dev.caravan.tenant.Standing;
import dev.caravan.time.Secrets;
import dev.caravan.time.WallClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What it takes to know who shows a key, among ten thousand. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class Credentials {
  private static final int KEYS = 10_000;
  static final String VALUE = "Bearer cvn-" + "k".repeat(40);

  private Access access = Access.open();

  @Setup
  public void keys() throws IOException {
    access = thousands();
  }

  /** Whom ten thousand keys let in, {@link #VALUE} among them. */
  static Access thousands() throws IOException {
    Path file = Files.createTempFile("clients", ".json");
    Files.writeString(
        file,
        IntStream.range(0, KEYS)
            .mapToObj(
                i ->
                    "{\"id\":\"k%d\",\"tenant\":\"t%d\",\"sha256\":\"%s\"}"
                        .formatted(
                            i,
                            i,
                            Digest.of(i == 7 ? VALUE.substring("Bearer ".length()) : "k" + i)
                                .hex()))
            .collect(Collectors.joining(",", "{\"keys\":[", "]}")));
    Access access = new Access(new Clients(file, WallClock.system(), Secrets.system()), null);
    Files.delete(file);
    return access;
  }

  /** One request. */
  @Benchmark
  public Standing key() {
    Shown shown = new Shown();
    shown.add("authorization", VALUE);
    return access.of(shown);
  }
}
