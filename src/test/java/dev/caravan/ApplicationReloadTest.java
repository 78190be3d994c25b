package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.route.file.RouteFileStatus;
import dev.caravan.route.file.RouteStatus;
import dev.caravan.testing.Ports;
import dev.caravan.testing.RawHttp;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The application as it is packaged takes over changes of its route files. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // Quarkus sets the fields
@TestProfile(ApplicationReloadTest.RoutesOfItsOwn.class)
class ApplicationReloadTest {
  private static final Path ROUTES = Path.of("target/test-routes");
  private static final Duration LONG = Duration.ofSeconds(20);

  /** The demo fleet, in a directory that may be written. */
  public static class RoutesOfItsOwn implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        Files.createDirectories(ROUTES);
        Files.writeString(
            ROUTES.resolve("demo.yaml"), Files.readString(Path.of("routes/demo.yaml")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return Map.of(
          "caravan.demo.enabled", "true",
          "caravan.demo.speedup", "50",
          "caravan.http.host", "127.0.0.1",
          "caravan.http.port", Integer.toString(Ports.free()),
          "caravan.routes.directory", ROUTES.toString(),
          "quarkus.http.test-port", "0",
          "caravan.access-log.path", "target/test-logs/access.log");
    }
  }

  @Inject Settings settings;
  @Inject RouteStatus routes;

  private int status(String model) throws IOException {
    return RawHttp.ask(
            settings.http().port(),
            "/v1/chat/completions",
            "{\"model\":\""
                + model
                + "\",\"max_tokens\":4,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}")
        .status();
  }

  private RouteFileStatus demo() {
    return routes.files().stream()
        .filter(file -> file.file().endsWith("demo.yaml"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void file_thatChanges_isTakenOver_andABrokenOneIsNot() throws Exception {
    String text = Files.readString(ROUTES.resolve("demo.yaml"));
    assertThat(status("gpt-4o-mini")).isEqualTo(200);
    assertThat(demo().state()).isEqualTo(RouteFileStatus.State.ACTIVE);
    assertThat(demo().packaged()).isFalse();
    assertThat(routes.files()).filteredOn(RouteFileStatus::packaged).isNotEmpty();

    Files.writeString(ROUTES.resolve("demo.yaml"), text.replace("gpt-4o-mini", "another"));
    await().atMost(LONG).until(() -> status("another") == 200);
    assertThat(status("gpt-4o-mini")).isEqualTo(404);
    assertThat(demo().source()).contains("another");

    Files.writeString(ROUTES.resolve("demo.yaml"), text.replace("weight", "wait"));
    await().atMost(LONG).until(() -> !routes.inSync());
    assertThat(demo().errors()).isNotEmpty();
    assertThat(status("another")).isEqualTo(200);

    Files.writeString(ROUTES.resolve("demo.yaml"), text);
    await().atMost(LONG).until(() -> status("gpt-4o-mini") == 200);
    assertThat(routes.inSync()).isTrue();
    assertThat(demo().routeIds()).containsExactly("llama-3.1-8b");
  }
}
