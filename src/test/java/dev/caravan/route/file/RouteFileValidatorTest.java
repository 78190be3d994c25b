package dev.caravan.route.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RouteFileValidatorTest {
  private static final Map<String, String> PROPERTIES =
      Map.of("gpu.url", "http://10.0.0.1:8000", "gpu.weight", "heavy", "env:KEY", "sk-1");

  private final RouteFileValidator validator =
      new RouteFileValidator(
          PROPERTIES::get, List.of("round-robin", "least-inflight", "weighted"), "mine"::equals);

  /** A right file: nothing is reported. */
  static final String RIGHT =
      """
      - route:
          id: llama-3.1-8b
          from:
            uri: pool:llama-3.1-8b
            parameters: { aliases: "gpt-4o-mini, gpt-4o" }
            steps:
              - loadBalance:
                  customLoadBalancer: { ref: least-inflight }
                  steps:
                    - circuitBreaker:
                        steps:
                          - to:
                              uri: model:gpu-a
                              parameters:
                                url: "{{gpu.url}}"
                                weight: "{{gpu.share:2}}"
                                maxInflight: 64
                                zone: eu
                                model: meta-llama/Llama-3.1-8B
                                apiKey: "{{env:KEY}}"
                                labels: gpu=h100,rack=b2
                                probe: completions
                                connectTimeout: 500ms
                                keepAlive: 1m
                        resilience4jConfiguration:
                          failureRateThreshold: 30
                          waitDurationInOpenState: 10
                    - to: "model:gpu-b?url=https://gpu-b.example.com/llm&apiKey=env:KEY"
      - route:
          id: other
          from:
            uri: pool:other
            steps:
              - to: model:gpu-a
      - routeTemplate:
          id: t
          parameters: [ { name: backend } ]
          from:
            uri: "probe:{{backend}}"
            steps:
              - to: "model:{{backend}}"
      """;

  @Test
  void right_isSilent() {
    assertThat(check(RIGHT)).isEmpty();
    assertThat(check("")).isEmpty();
    assertThat(check("# nothing yet\n")).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("modelParameters")
  void model_parameterAtFault_isNamedWithItsLine(String parameter, String message) {
    String yaml =
        """
        - route:
            id: r
            from:
              uri: pool:p
              steps:
                - to:
                    uri: model:gpu-a
                    parameters:
                      url: http://a:8000
        """
            + "              "
            + parameter
            + "\n";
    if (parameter.startsWith("url:")) {
      yaml = yaml.replace("              url: http://a:8000\n", "");
    }
    int line = parameter.startsWith("url:") ? 9 : 10;
    assertThat(check(yaml)).containsExactly("x.yaml:" + line + ": model:gpu-a: " + message);
  }

  static Stream<Arguments> modelParameters() {
    String url =
        " is not a URL such as http://10.0.0.11:8000 or https://gpu.example.com/prefix, without"
            + " user, query or fragment";
    String key =
        "apiKey is not a reference to a secret such as env:NAME, file:path or {{property}}; a key"
            + " is never written into a route";
    String labels = " is not labels such as gpu=h100,rack=b2";
    String duration = " is not a duration such as 500ms, 30s or 5m";
    return Stream.of(
        arguments("weight: heavy", "weight \"heavy\" is not a whole number from 1 to 256"),
        arguments("weight: 0", "weight \"0\" is not a whole number from 1 to 256"),
        arguments("weight: 257", "weight \"257\" is not a whole number from 1 to 256"),
        arguments("weight: 1.5", "weight \"1.5\" is not a whole number from 1 to 256"),
        arguments("weight: [1]", "weight is not a single value"),
        arguments(
            "weight: \"{{gpu.weight}}\"", "weight \"heavy\" is not a whole number from 1 to 256"),
        arguments("weight: \"{{gpu.wait}}\"", "weight: {{gpu.wait}} is not set"),
        arguments("maxInflight: 0", "maxInflight \"0\" is not a whole number from 1"),
        arguments("maxInflight: -1", "maxInflight \"-1\" is not a whole number from 1"),
        arguments(
            "maxInflight: 4000000000", "maxInflight \"4000000000\" is not a whole number from 1"),
        arguments("url: ftp://a", "url \"ftp://a\"" + url),
        arguments("url: 10.0.0.11", "url \"10.0.0.11\"" + url),
        arguments("url: http://", "url \"http://\"" + url),
        arguments("url: http://me:secret@a", "url \"http://***@a\"" + url),
        arguments("url: http://a?x=1", "url \"http://a?x=1\"" + url),
        arguments("url: \"http://a/#x\"", "url \"http://a/#x\"" + url),
        arguments("url: http://a:99999", "url \"http://a:99999\"" + url),
        arguments("apiKey: sk-live-123", key),
        arguments("apiKey: \"Bearer {{env:KEY}}\"", key),
        arguments("apiKey: env:1KEY", key),
        arguments("apiKey: \"{{no.such.key}}\"", "apiKey: {{no.such.key}} is not set"),
        arguments("labels: gpu", "labels \"gpu\"" + labels),
        arguments("labels: a=1,a=2", "labels \"a=1,a=2\"" + labels),
        arguments(
            "probe: ping",
            "probe \"ping\" is not one of chat, completions, embeddings, reasoning, off"),
        arguments("health: health", "health \"health\" is not off, or a path such as /health"),
        arguments("metrics: m/x", "metrics \"m/x\" is not off, or a path such as /health"),
        arguments("connectTimeout: 2", "connectTimeout \"2\"" + duration),
        arguments("firstTokenTimeout: 0s", "firstTokenTimeout \"0s\"" + duration),
        arguments("totalTimeout: forever", "totalTimeout \"forever\"" + duration),
        arguments("zone: \"\"", "zone \"\" is not text of 1 to 256 characters in one line"),
        arguments(
            "trustCertificates: /no/such.pem",
            "trustCertificates \"/no/such.pem\" is not the name of a file that can be read"),
        arguments(
            "discover: consul:vllm",
            "discover \"consul:vllm\" is not dns:HOST[:PORT], srv:_SERVICE._PROTOCOL.NAME or"
                + " kubernetes:[NAMESPACE/]SERVICE[:PORT]"),
        arguments("wieght: 2", "unknown parameter \"wieght\", did you mean weight?"),
        arguments(
            "max-inflight: 2", "unknown parameter \"max-inflight\", did you mean maxInflight?"),
        arguments(
            "quux: 2",
            "unknown parameter \"quux\", accepted: url, discover, model, weight, maxInflight,"
                + " cacheTokens, zone, labels, apiKey, forwardCredentials, probe, health, metrics, connectTimeout,"
                + " firstTokenTimeout, betweenTokensTimeout, totalTimeout,"
                + " keepAlive, trustCertificates, tls, drain"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("steps")
  void steps_atFault_areNamedWithTheirLine(String steps, String message) {
    String yaml =
        """
        - route:
            id: r
            from:
              uri: pool:p
              steps:
        """
            + steps.indent(8);
    assertThat(check(yaml)).containsExactly("x.yaml:" + message);
  }

  static Stream<Arguments> steps() {
    String good = "- to: model:a?url=http://a\n";
    return Stream.of(
        arguments(
            "- loadBalance:\n    customLoadBalancer: { ref: least-inflight }\n",
            "6: loadBalance: it has no steps, expected at least one that leads to a model: endpoint"),
        arguments(
            "- loadBalance:\n    customLoadBalancer: { ref: least-inflght }\n    steps:\n"
                + good.indent(6),
            "7: loadBalance: customLoadBalancer \"least-inflght\" is unknown, did you mean"
                + " least-inflight?"),
        arguments(
            "- loadBalance:\n    customLoadBalancer: xyz\n    steps:\n" + good.indent(6),
            "7: loadBalance: customLoadBalancer \"xyz\" is unknown, accepted: least-inflight,"
                + " round-robin, weighted, or a bean's name"),
        arguments(
            "- loadBalance:\n    steps:\n" + good.indent(6),
            "6: loadBalance: customLoadBalancer: {ref: NAME} is missing, where NAME is one of"
                + " least-inflight, round-robin, weighted"),
        arguments(
            "- loadBalance:\n    roundRobinLoadBalancer: {}\n    steps:\n" + good.indent(6),
            "7: loadBalance: roundRobinLoadBalancer knows nothing of model servers, expected"
                + " customLoadBalancer: {ref: least-inflight}"),
        arguments(
            "- loadBalance:\n    customLoadBalancer: { ref: mine }\n    steps:\n      - to: log:x\n",
            "9: loadBalance: each of its steps must lead to exactly one model: endpoint, but this"
                + " one leads to none"),
        arguments(
            "- loadBalance:\n    customLoadBalancer: { ref: \"#bean:mine\" }\n    steps:\n"
                + "      - pipeline:\n          steps:\n            "
                + good
                + "            - to: model:b?url=http://b\n",
            "9: loadBalance: each of its steps must lead to exactly one model: endpoint, but this"
                + " one leads to a and b"),
        arguments(
            "- circuitBreaker: {}\n",
            "6: circuitBreaker: it has no steps, expected one that leads to a model: endpoint"),
        arguments(
            "- circuitBreaker:\n    steps:\n      - to: log:x\n",
            "6: circuitBreaker: its steps must lead to exactly one model: endpoint, but lead to"
                + " none"),
        arguments(
            "- circuitBreaker:\n    steps:\n"
                + good.indent(6)
                + "    onFallback:\n      steps:\n        - to: model:a\n",
            "9: circuitBreaker: its onFallback must not lead to a model: endpoint, the balancer"
                + " tries the next one itself"),
        arguments(
            "- circuitBreaker:\n    resilience4jConfiguration:\n      bulkheadEnabled: true\n"
                + "    steps:\n"
                + good.indent(6),
            "8: circuitBreaker: bulkheadEnabled is not for a breaker that never blocks: limit a"
                + " server by maxInflight"),
        arguments(
            "- circuitBreaker:\n    resilience4jConfiguration:\n      failureRateTreshold: 5\n"
                + "    steps:\n"
                + good.indent(6),
            "8: circuitBreaker: failureRateTreshold is unknown, did you mean failureRateThreshold?"),
        arguments(
            "- circuitBreaker:\n    resilience4jConfiguration:\n      minimumNumberOfCalls: 30\n"
                + "    steps:\n"
                + good.indent(6),
            "8: circuitBreaker: minimumNumberOfCalls \"30\" can never be reached: the window"
                + " (slidingWindowSize) holds 20 calls"),
        arguments(
            "- circuitBreaker:\n    resilience4jConfiguration:\n      failureRateThreshold: 0\n"
                + "    steps:\n"
                + good.indent(6),
            "8: circuitBreaker: failureRateThreshold \"0\" is not a percentage above 0 and up to"
                + " 100"),
        arguments(
            "- circuitBreaker:\n    faultToleranceConfiguration: {}\n    steps:\n" + good.indent(6),
            "7: circuitBreaker: faultToleranceConfiguration is not for it, expected"
                + " resilience4jConfiguration"),
        arguments(
            "- toD: \"model:${header.who}\"\n",
            "6: toD: a model: endpoint must be in a to step, which names its server at start"),
        arguments(
            "- to: model:a\n",
            "6: model:a: url is missing where the server is first named, such as url:"
                + " http://10.0.0.11:8000"),
        arguments(
            "- to: model:a?url=http://a\n- to: model:a?url=http://b\n",
            "7: model:a: url \"http://b\" is not \"http://a\", which x.yaml:6 says"),
        arguments(
            "- to: \"model:gpu a?url=http://a\"\n",
            "6: model:gpu a: \"gpu a\" is not a name of up to 64 letters, digits, dots, hyphens and"
                + " underscores"),
        arguments("- to: \"model:{{who}}?url=http://a\"\n", "6: model:{{who}}: {{who}} is not set"),
        arguments(
            "- to: { uri: \"model:a?url=http://a\", parameters: { weight: 1 } }\n",
            "6: model:a: it has both a query and parameters, expected one of them"),
        arguments(
            "- to: pool:q?aliases=x\n",
            "6: pool:q: it takes parameters only where a route starts"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("files")
  void files_atFault_areNamedWithTheirLine(String yaml, String message) {
    assertThat(check(yaml)).containsExactly("x.yaml:" + message);
  }

  static Stream<Arguments> files() {
    return Stream.of(
        arguments(
            "- route: [\n", "2: not YAML: expected the node content, but found '<stream end>'"),
        arguments(
            "- route:\n\tid: x\n",
            "2: not YAML: found character '\\t(TAB)' that cannot start any token. (Do not use \\t(TAB) for indentation)"),
        arguments(
            "route:\n  id: x\n",
            "1: a route file is a list, each entry of which starts with \"- route:\" or the like"),
        arguments("- hello\n", "1: an entry of a route file starts with \"- route:\" or the like"),
        arguments("- rout:\n    id: x\n", "1: unknown entry \"rout\", did you mean route?"),
        arguments(
            "- route:\n    id: x\n  from: direct:x\n",
            "3: route: \"from\" stands beside it: is it indented too little?"),
        arguments("- route:\n    id: x\n", "1: route: it has no from"),
        arguments(
            "- from:\n    uri: pool:p?alias=x\n    steps: []\n",
            "2: pool:p: unknown parameter \"alias\", did you mean aliases?"),
        arguments(
            "- from:\n    uri: pool:p\n    parameters:\n      aliases: \"a,,b\"\n    steps: []\n",
            "4: pool:p: aliases \"a,,b\" is not model names separated by commas"),
        arguments(
            """
            - from: { uri: "pool:p", steps: [] }
            - from:
                uri: pool:q
                parameters:
                  aliases: p
            """,
            "5: pool:q: \"p\" is answered by x.yaml:1 already"),
        arguments(
            "- from:\n    uri: model:a\n    steps: []\n",
            "2: model:a: no route starts at it, expected a to step"),
        arguments(
            "- from:\n    uri: probe:a\n    parameters: { period: often }\n    steps: []\n",
            "3: probe:a: period \"often\" is not a duration such as 500ms, 30s or 5m"),
        arguments(
            "- from:\n    uri: direct:a\n    steps:\n      - to: jobs:b\n",
            "4: jobs:b: no route starts at it"),
        arguments(
            """
            - from: { uri: "jobs:a?answers=kafka:x&deadLetters=kafka:y", steps: [] }
            - from:
                uri: direct:a
                steps:
                  - to: jobs:b
            """,
            "5: jobs:b: no route starts at it, expected one of a"),
        arguments(
            """
            - from: { uri: "jobs:a?answers=kafka:x&deadLetters=kafka:y", steps: [] }
            - from:
                uri: "jobs:a?answers=route&deadLetters=kafka:y"
                steps: []
            """,
            "3: jobs:a: its jobs are run by x.yaml:1 already"),
        arguments(
            "- from:\n    uri: jobs:a\n    parameters: { answers: \"kafka:x\" }\n    steps: []\n",
            "2: jobs:a: deadLetters is missing, such as deadLetters: kafka:dead-letters"),
        arguments(
            """
            - from:
                uri: jobs:a
                parameters:
                  answers: somewhere
                  deadLetters: "kafka:y"
            """,
            "4: jobs:a: answers \"somewhere\" is not route, or an endpoint such as kafka:topic or"
                + " amqp:queue:name"));
  }

  @Test
  void files_areCheckedTogether_andEverythingIsReportedAtOnce() {
    RouteFile one =
        RouteFile.of(
            "routes/a.yaml",
            """
            - route:
                id: same
                from:
                  uri: pool:p
                  steps:
                    - to: model:gpu?url=http://a
            """);
    RouteFile two =
        RouteFile.of(
            "routes/b.yaml",
            """
            - route:
                id: same
                from:
                  uri: pool:p
                  steps:
                    - to: model:gpu?url=http://b&weight=0
            """);
    RouteFile broken = RouteFile.of("routes/c.yaml", "- [");
    assertThat(validator.validate(List.of(one, two, broken)))
        .extracting(RouteFileError::toString)
        .containsExactly(
            "routes/b.yaml:2: route: the id \"same\" is taken by routes/a.yaml:2",
            "routes/b.yaml:4: pool:p: \"p\" is answered by routes/a.yaml:4 already",
            "routes/b.yaml:6: model:gpu: weight \"0\" is not a whole number from 1 to 256",
            "routes/b.yaml:6: model:gpu: url \"http://b\" is not \"http://a\", which"
                + " routes/a.yaml:6 says",
            "routes/c.yaml:1: not YAML: expected the node content, but found '<stream end>'");
  }

  @Test
  void keyThatIsThereTwice_isReportedWhereItIsAgain() {
    assertThat(check(RIGHT.replace("zone: eu", "weight: 3")))
        .containsExactly("x.yaml:18: \"weight\" is there twice");
  }

  @Test
  void aliases_areFollowedButCheckedOnce() {
    assertThat(
            check(
                """
                - from:
                    uri: pool:a
                    steps:
                      - to: &gpu
                          uri: model:gpu
                          parameters: { url: "http://a", weight: 0 }
                - from:
                    uri: pool:b
                    steps:
                      - circuitBreaker:
                          steps:
                            - to: *gpu
                """))
        .containsExactly("x.yaml:6: model:gpu: weight \"0\" is not a whole number from 1 to 256");
  }

  @Test
  void bombs_areRefused() {
    StringBuilder bomb = new StringBuilder("- a0: &a0 [x,x]\n");
    for (int i = 1; i < 60; i++) {
      bomb.append("- a").append(i).append(": &a").append(i);
      bomb.append(" [*a").append(i - 1).append(", *a").append(i - 1).append("]\n");
    }
    assertThat(check(bomb.toString()))
        .containsExactly(
            "x.yaml:1: not YAML: Number of aliases for non-scalar nodes exceeds the specified"
                + " max=50");
    assertThat(check("#" + "x".repeat(RouteFiles.MAX_BYTES)))
        .containsExactly("x.yaml:1: the file is larger than 1 MiB");
  }

  @Test
  void secretsAreNeverPrinted() {
    String yaml =
        RIGHT
            .replace("{{env:KEY}}", "sk-very-secret")
            .replace("apiKey=env:KEY", "apiKey=sk-very-secret");
    assertThat(check(yaml)).hasSize(2).noneMatch(line -> line.contains("sk-very-secret"));
  }

  private List<String> check(String yaml) {
    List<String> lines = new ArrayList<>();
    validator
        .validate(List.of(RouteFile.of("x.yaml", yaml)))
        .forEach(error -> lines.add(error.toString()));
    return lines;
  }

  // ---- where routes may lead

  private static List<String> under(String schemes, String step) {
    RouteFileValidator strict =
        new RouteFileValidator(
            PROPERTIES::get, List.of("weighted"), "mine"::equals, List.of(schemes.split(",", -1)));
    String yaml =
        "- route:\n    id: r\n    from:\n      uri: direct:a\n      steps:\n        - %s\n"
            .formatted(step);
    return strict.validate(List.of(RouteFile.of("r.yaml", yaml))).stream()
        .map(RouteFileError::toString)
        .toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "to: \"file:/tmp\"",
        "to: { uri: \"file:/tmp\" }",
        "toD: { uri: \"file:${header.x}\" }",
        "wireTap: { uri: \"file:/tmp\" }",
        "enrich: { expression: { constant: { expression: \"file:/tmp\" } } }",
        "enrich: { simple: \"file:/tmp/${header.x}\" }",
        "pollEnrich: { constant: \"file:/tmp\" }",
        "poll: { uri: \"file:/tmp\" }",
        "recipientList: { expression: { constant: \"direct:b,file:/tmp\" } }",
        "routingSlip: { constant: \"file:/tmp\" }",
        "dynamicRouter: { simple: \"file:/tmp\" }",
        "doTry: { steps: [ { to: \"file:/tmp\" } ], doCatch: [ { steps: [ { log: x } ] } ] }",
        "choice: { when: [ { simple: \"true\", steps: [ { toD: \"file:/x\" } ] } ] }"
      })
  void scheme_thatIsNotAllowed_isNamedWithItsLine(String step) {
    assertThat(under("direct,log", step))
        .singleElement()
        .asString()
        .startsWith("r.yaml:6: ")
        .contains("caravan.routes.schemes does not allow file:, only direct, log");
    assertThat(under("direct,log,file", step)).filteredOn(e -> e.contains("schemes")).isEmpty();
    assertThat(under("*", step)).filteredOn(e -> e.contains("schemes")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "toD: \"${header.x}\"",
        "recipientList: { header: \"to\" }",
        "routingSlip: { simple: \"${body}\" }",
        "dynamicRouter: { method: { ref: mine } }",
        "enrich: { simple: \"${header.x}:y\" }"
      })
  void scheme_thatAMessageDecides_isRefused(String step) {
    assertThat(under("direct", step))
        .singleElement()
        .asString()
        .contains("its scheme is not written out");
  }

  @Test
  void scheme_forStartsOnly_isNotForSending() {
    assertThat(under("from:direct,log", "log: x")).isEmpty();
    assertThat(under("from:direct", "to: direct:a"))
        .containsExactly(
            "r.yaml:6: to: direct:a: a route may start at direct: and not send there"
                + " (caravan.routes.schemes)");
    assertThat(under("log", "log: x")).singleElement().asString().contains("not allow direct:");
    assertThat(under("direct,jobs", "to: { uri: \"jobs:x\", parameters: { answers: \"sql:x\" } }"))
        .anyMatch(error -> error.contains("jobs: answers: sql:x"));
  }

  @Test
  void references_toNothing_areNamed() {
    assertThat(under("*", "to: direct:b"))
        .containsExactly("r.yaml:6: direct:b: no route starts at it");
    assertThat(under("*", "to: pool:b")).containsExactly("r.yaml:6: pool:b: no route starts at it");
    assertThat(under("*", "to: \"pool:*\"")).isEmpty();
    assertThat(under("*", "to: direct:a")).isEmpty();
  }
}
