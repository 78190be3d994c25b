package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.TestGateway;
import dev.caravan.simulator.ArmedFault;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.telemetry.KafkaMeters;
import dev.caravan.testing.Authority;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The dashboard and the alerts ask for what a gateway shows: every name in them is in the scrape of
 * one that has had traffic of every kind.
 */
class OperationsTest extends EndToEnd {
  private static final Path DASHBOARD = Path.of("ops/grafana/caravan.json");
  private static final Path RUNBOOK = Path.of("docs/operate.md");
  private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-zA-Z_:][a-zA-Z0-9_:]*)[ {]");

  /** What Prometheus itself makes. */
  private static final Set<String> ELSEWHERE = Set.of("up");

  /** Nobody is there, and nobody is asked for. */
  private static final URI FAR = URI.create("https://127.0.0.1:9");

  @TempDir private Path directory;

  private String scrapeUnderTraffic() throws Exception {
    SimulatedServer first = simulated("twin");
    SimulatedServer second = simulated("twin");
    Jobs jobs = new Jobs();
    Map<String, String> settings = new HashMap<>(Traced.ALL);
    settings.put(TestGateway.SCRAPED, "true");
    Secured secured = new Secured(directory);
    secured.trust("ca.pem", new Authority("authority"));
    settings.putAll(secured.trusts("private", "ca.pem"));
    settings.put("caravan.health.enabled", "true");
    settings.put("caravan.health.period", "50ms");
    start(
        PoolYaml.of(PoolYaml.MODEL)
                .balancer("weighted")
                .parameters("resume: on", "hedge: 10s", "affinity: soft", "maxQueue: 10")
                .server("gpu-0", first.uri(), "weight: 256")
                .server("gpu-1", second.uri())
                .text()
            + PoolYaml.of("secured").server("far", FAR, "tls: private").text()
            + Jobs.routes(),
        settings,
        jobs.beans());
    // What Quarkus adds to its registry, and what a Kafka consumer has from its start.
    new JvmMemoryMetrics().bindTo(gateway().prometheus());
    new ProcessorMetrics().bindTo(gateway().prometheus());
    new KafkaMeters(gateway().prometheus()).group("caravan", "caravan-jobs");
    first.fault(ArmedFault.once(new Fault.CutMidStream(3)));
    ask(
        Chat.body(
            "hi",
            "\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":20,"
                + "\"min_tokens\":20"));
    ask(Chat.whole("hello"));
    gateway().send("direct:in", Jobs.line("job-1", Chat.whole("Hello")), Map.of()).join();
    jobs.answers.await(1);
    await()
        .atMost(LONG)
        .until(() -> gateway().scrape().contains("caravan_backend_engine_kv_usage"));
    await()
        .atMost(LONG)
        .until(() -> gateway().scrape().contains("caravan_jobs_duration_seconds_b"));
    return gateway().scrape();
  }

  private static Set<String> names(String scrape) {
    Set<String> names = new TreeSet<>();
    Matcher sample = SAMPLE.matcher(scrape);
    while (sample.find()) {
      names.add(sample.group(1));
    }
    return names;
  }

  @Test
  void scrape_hasEveryNameThatIsAskedFor_andTheTracesOfRequests() throws Exception {
    String scrape = scrapeUnderTraffic();
    Set<String> shown = names(scrape);
    Set<String> recorded = new TreeSet<>();
    Rules.all().stream().map(Rules.Rule::record).filter(r -> r != null).forEach(recorded::add);
    for (Rules.Rule rule : Rules.all()) {
      for (String name : Rules.metrics(rule.expression())) {
        assertThat(shown.contains(name) || recorded.contains(name) || ELSEWHERE.contains(name))
            .as("%s asks for %s", rule.alert() == null ? rule.record() : rule.alert(), name)
            .isTrue();
      }
    }
    for (JsonNode panel : panels()) {
      for (JsonNode target : panel.at("/targets")) {
        assertThat(shown)
            .as("panel %s", panel.at("/title").asText())
            .containsAll(Rules.metrics(target.at("/expr").asText()));
      }
    }
    String trace = gateway().spans().get(0).getTraceId();
    assertThat(trace).isNotBlank();
    String example = "_bucket\\{.*# \\{span_id=\"[0-9a-f]{16}\",trace_id=\"[0-9a-f]{32}\"}";
    for (String histogram :
        List.of("caravan_backend_ttft_seconds", "caravan_request_duration_seconds")) {
      assertThat(scrape).containsPattern(histogram + example);
    }
  }

  private static List<JsonNode> panels() throws Exception {
    List<JsonNode> panels = new ArrayList<>();
    JsonNode dashboard = new ObjectMapper().readTree(Files.readString(DASHBOARD));
    dashboard.at("/panels").forEach(panels::add);
    panels.removeIf(panel -> panel.at("/type").asText().equals("row"));
    return panels;
  }

  @Test
  void panels_sayWhatTheyShow_inUnits_fromAnySource() throws Exception {
    JsonNode dashboard = new ObjectMapper().readTree(Files.readString(DASHBOARD));
    assertThat(dashboard.at("/templating/list").findValuesAsText("name"))
        .contains("datasource", "instance", "pool", "backend");
    Set<Integer> ids = new TreeSet<>();
    dashboard.at("/panels").forEach(panel -> assertThat(ids.add(panel.at("/id").asInt())).isTrue());
    assertThat(panels()).hasSizeGreaterThan(30);
    for (JsonNode panel : panels()) {
      String title = panel.at("/title").asText();
      assertThat(panel.at("/description").asText()).as(title).isNotBlank();
      assertThat(panel.at("/fieldConfig/defaults/unit").asText()).as(title).isNotBlank();
      assertThat(panel.at("/datasource/uid").asText()).as(title).isEqualTo("${datasource}");
      assertThat(panel.at("/targets")).as(title).isNotEmpty();
      assertThat(panel.at("/targets").findValuesAsText("uid")).containsOnly("${datasource}");
    }
  }

  @Test
  void alerts_sayWhatToDo_andAreTested() throws Exception {
    String runbook = Files.readString(RUNBOOK);
    Set<String> anchors = new TreeSet<>();
    Matcher heading = Pattern.compile("(?m)^#+ (.+)$").matcher(runbook);
    while (heading.find()) {
      anchors.add(
          heading
              .group(1)
              .toLowerCase(Locale.ROOT)
              .replaceAll("[^a-z0-9 -]", "")
              .replace(' ', '-'));
    }
    List<Map.Entry<String, Boolean>> expectations = Rules.expectations();
    Set<String> alerts = new TreeSet<>();
    for (Rules.Rule rule : Rules.all()) {
      String name = rule.alert();
      if (name == null) {
        continue;
      }
      assertThat(alerts.add(name)).as("%s is there twice", name).isTrue();
      assertThat(rule.yaml().get("for")).as(name).isNotNull();
      assertThat(rule.severity()).as(name).isIn("critical", "warning");
      assertThat(rule.annotation("summary")).as(name).isNotBlank().isNotEqualTo("null");
      assertThat(rule.annotation("description")).as(name).isNotBlank().isNotEqualTo("null");
      assertThat(rule.annotation("runbook_url"))
          .isEqualTo("docs/operate.md#" + name.toLowerCase(Locale.ROOT));
      assertThat(anchors).contains(name.toLowerCase(Locale.ROOT));
      assertThat(expectations)
          .as("tests of %s", name)
          .contains(Map.entry(name, true), Map.entry(name, false));
    }
    assertThat(alerts).hasSizeGreaterThan(20);
    assertThat(expectations).extracting(Map.Entry::getKey).allMatch(alerts::contains);
    Matcher described = Pattern.compile("(?m)^### (Caravan[A-Za-z]+)$").matcher(runbook);
    while (described.find()) {
      assertThat(alerts).contains(described.group(1));
    }
  }
}
