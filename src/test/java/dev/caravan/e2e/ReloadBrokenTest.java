package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.route.file.RouteFileError;
import dev.caravan.route.file.RouteFileStatus;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Files that are at fault in fifty ways: none of them changes anything, and each says why. */
class ReloadBrokenTest extends EndToEnd {
  private static final String ROUTE =
      """
      - route:
          id: other
          from:
            uri: pool:other
            steps:
      """;

  private static String pool(String parameters, String steps) {
    return """
    - route:
        id: other
        from:
          uri: pool:other
          parameters: { %s }
          steps:
            %s
    """
        .formatted(parameters, steps);
  }

  private static String model(String parameters) {
    return pool("", "- to: { uri: model:new, parameters: { " + parameters + " } }");
  }

  private static String balance(String steps) {
    return pool("", "- loadBalance: " + steps);
  }

  private static String step(String step) {
    return pool("", step);
  }

  private static final String URL = "url: \"http://127.0.0.1:9\"";
  private static final String TO = "{ to: { uri: model:new, parameters: { " + URL + " } } }";

  /** By what the error must say, texts that are at fault. */
  private static Map<String, List<String>> broken() {
    Map<String, List<String>> all = new LinkedHashMap<>();
    all.put(
        "not YAML",
        List.of("- route: [", "- route:\n  id: \"x", "\t- route:\n", "- a: &x [*y]\n", "- @\n"));
    all.put("a route file is a list", List.of("route:\n  id: x\n", "just words\n"));
    all.put("starts with", List.of("- just words\n", "- []\n"));
    all.put("unknown entry", List.of("- rout:\n    id: x\n", "- pools:\n    a: 1\n"));
    all.put("stands beside it", List.of("- route:\n    id: x\n  from:\n    uri: pool:x\n"));
    all.put("is there twice", List.of(ROUTE + "        - log: a\n    id: other\n"));
    all.put("it has no from", List.of("- route:\n    id: x\n    steps: []\n"));
    all.put(
        "is taken by", List.of(PoolYaml.of(PoolYaml.MODEL).text().replace("pool:ll", "pool:x")));
    all.put(
        "is answered by",
        List.of(
            pool("aliases: " + PoolYaml.MODEL, "- to: model:only"),
            pool("aliases: other", "- to: model:only")));
    all.put(
        "unknown parameter",
        List.of(model(URL + ", wieght: 2"), pool("atempts: 1", "- to: model:only")));
    all.put(
        "is not a whole number",
        List.of(
            model(URL + ", weight: 0"),
            model(URL + ", maxInflight: -1"),
            pool("attempts: many", "- to: model:only"),
            pool("panic: 101", "- to: model:only")));
    all.put(
        "is not a duration",
        List.of(
            model(URL + ", connectTimeout: soon"),
            pool("totalTimeout: 5 parsecs", "- to: model:only")));
    all.put("is not a URL", List.of(model("url: \"ftp://x\""), model("url: gpu-a")));
    all.put("url is missing", List.of(model("weight: 2"), step("- to: model:nobody")));
    all.put("which", List.of(step("- to: { uri: model:only, parameters: { " + URL + " } }")));
    all.put("is not set", List.of(model("url: \"{{no.such.setting}}\"")));
    all.put(
        "is not one of",
        List.of(model(URL + ", probe: maybe"), pool("affinity: firm", "- to: model:only")));
    all.put(
        "is not a name",
        List.of(step("- to: { uri: \"model:a b\", parameters: { " + URL + " } }")));
    all.put("a key is never written", List.of(model(URL + ", apiKey: sk-123")));
    all.put("customLoadBalancer", List.of(balance("{ steps: [ " + TO + " ] }")));
    all.put(
        "is unknown",
        List.of(balance("{ customLoadBalancer: { ref: best }, steps: [ " + TO + " ] }")));
    all.put("it has no steps", List.of(balance("{ customLoadBalancer: { ref: weighted } }")));
    all.put(
        "knows nothing of model servers",
        List.of(balance("{ roundRobinLoadBalancer: {}, steps: [ " + TO + " ] }")));
    all.put(
        "must lead to exactly one",
        List.of(
            step("- circuitBreaker: { steps: [ { log: x } ] }"),
            balance("{ customLoadBalancer: { ref: weighted }, steps: [ { log: x } ] }")));
    all.put(
        "failureRateThreshold",
        List.of(
            step(
                "- circuitBreaker: { resilience4jConfiguration: { failureRateThreshold: 900 },"
                    + " steps: [ "
                    + TO
                    + " ] }")));
    all.put("must be in a to step", List.of(step("- wireTap: { uri: \"model:only\" }")));
    all.put(
        "does not allow",
        List.of(
            step("- to: \"exec:ls\""),
            step("- toD: \"file:/tmp/${header.x}\""),
            step("- wireTap: { uri: \"http://example.com\" }"),
            step("- enrich: { constant: \"file:/etc\" }"),
            step("- recipientList: { constant: \"direct:a,exec:rm\" }"),
            "- from:\n    uri: \"file:/tmp\"\n    steps: [ { to: pool:other } ]\n"));
    all.put(
        "is not written out",
        List.of(step("- toD: \"${header.where}\""), step("- recipientList: { header: to }")));
    all.put("and not send there", List.of(step("- to: \"netty-http:http://example.com\"")));
    all.put(
        "no route starts at it",
        List.of(
            step("- to: jobs:nowhere"), step("- to: direct:nowhere"), step("- to: pool:nowhere")));
    all.put("nobody", List.of(step("- process: { ref: nobody }")));
    all.put(
        "there is no routeConfiguration",
        List.of(
            "- route:\n    id: x\n    routeConfigurationId: eror\n    from: { uri: \"pool:other\", steps: [ { log: x } ] }\n"));
    all.put(
        "nothing", List.of("- templatedRoute:\n    routeTemplateRef: nothing\n    routeId: x\n"));
    all.put("stepp", List.of(step("- stepp: { uri: x }")));
    all.put("at a start only", List.of("- restConfiguration:\n    component: netty-http\n"));
    return all;
  }

  @Test
  void brokenFiles_changeNothing_andEachSaysWhy() throws Exception {
    SimulatedServer a = simulated("a");
    String right = PoolYaml.single(a.uri());
    RouteFilesOnDisk disk = new RouteFilesOnDisk(start(right, RouteFilesOnDisk.QUICK));
    List<String> routes = gateway().camelRoutes();
    int endpoints = gateway().endpoints();
    List<String> wrong = new ArrayList<>();
    int kinds = 0;
    for (Map.Entry<String, List<String>> expected : broken().entrySet()) {
      for (String text : expected.getValue()) {
        kinds++;
        try (CapturedLog log = CapturedLog.of("dev.caravan")) {
          RouteFileStatus status = disk.refused("x.yaml", text);
          List<RouteFileError> errors = status.errors();
          List<String> told = log.lines().stream().filter(l -> l.startsWith("ERROR")).toList();
          if (errors.stream().noneMatch(e -> e.toString().contains(expected.getKey()))
              || told.size() != errors.size()
              || errors.stream()
                  .anyMatch(
                      e -> e.line() < 1 || e.message().matches(".*\\.[A-Z]\\w*Exception.*"))) {
            wrong.add(expected.getKey() + " | " + text + " | " + errors + " | " + told);
          }
        }
        assertThat(gateway().camelRoutes()).isEqualTo(routes);
        assertThat(ask(Chat.whole("still")).status()).isEqualTo(200);
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(kinds).isGreaterThanOrEqualTo(50);
    assertThat(gateway().endpoints()).isEqualTo(endpoints);
    assertThat(gateway().fleet()).containsExactly("only");
    assertThat(gateway().pools()).containsExactly(PoolYaml.MODEL);
    assertThat(disk.inSync()).isFalse();
    assertThat(disk.count("applied")).isZero();
    try (CapturedLog log = CapturedLog.of("dev.caravan")) {
      Files.delete(gateway().routes().resolve("x.yaml"));
      await().until(disk::inSync);
      assertThat(log.lines())
          .containsExactly(
              "INFO Routes: nothing is wrong with their files any more; they say what runs");
    }
    disk.apply("x.yaml", PoolYaml.of("other").server("only", a.uri()).text());
    assertThat(gateway().pools()).containsExactly(PoolYaml.MODEL, "other");
    assertThat(disk.inSync()).isTrue();
  }
}
