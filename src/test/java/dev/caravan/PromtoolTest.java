package dev.caravan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prometheus' own tool agrees with the alerts: {@code ./mvnw -Pprometheus test}. */
@Tag("prometheus")
class PromtoolTest {
  private static final Path DIRECTORY = Path.of("ops/prometheus");

  /** The dashboard asks in PromQL as well: as rules, its questions are read too. */
  @Test
  void dashboard_asksInPromQl(@TempDir Path here) throws Exception {
    JsonNode dashboard = new ObjectMapper().readTree(Path.of("ops/grafana/caravan.json").toFile());
    StringBuilder rules = new StringBuilder("groups:\n  - name: dashboard\n    rules:\n");
    int count = 0;
    for (JsonNode panel : dashboard.at("/panels")) {
      for (JsonNode target : panel.at("/targets")) {
        String asked = target.at("/expr").asText().replace("$__rate_interval", "5m");
        rules.append("      - record: dashboard:").append(count++).append("\n        expr: ");
        rules.append(new ObjectMapper().writeValueAsString(asked)).append('\n');
      }
    }
    assertThat(count).isGreaterThan(40);
    Path file = Files.writeString(here.resolve("dashboard.yaml"), rules);
    run("check", "rules", file.toString());
  }

  private static void run(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("promtool"));
    command.addAll(List.of(arguments));
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(DIRECTORY.toFile())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      fail("promtool is not here; Debian has it in the package prometheus (%s)", e.getMessage());
      return;
    }
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("SUCCESS");
  }

  @Test
  void rules_areRules() throws Exception {
    run("check", "rules", "alerts.yaml");
  }

  @Test
  void everyRule_firesWhereItShould() throws Exception {
    run("test", "rules", "alerts.test.yaml");
  }
}
