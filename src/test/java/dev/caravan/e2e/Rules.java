package dev.caravan.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What is in ops/prometheus, and what stands in PromQL, as far as tests need it. */
final class Rules {
  private static final Path DIRECTORY = Path.of("ops/prometheus");

  /** What PromQL knows by itself, as far as it is used here. */
  private static final Set<String> WORDS =
      Set.of(
          "sum",
          "min",
          "max",
          "count",
          "rate",
          "increase",
          "deriv",
          "histogram_quantile",
          "absent",
          "vector",
          "by",
          "on",
          "and",
          "or",
          "unless",
          "offset");

  private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");

  private Rules() {}

  /** One rule: an alert, or a recorded ratio. */
  record Rule(Map<?, ?> yaml) {
    @Nullable String alert() {
      return (String) yaml.get("alert");
    }

    @Nullable String record() {
      return (String) yaml.get("record");
    }

    String expression() {
      return Objects.requireNonNull(yaml.get("expr")).toString();
    }

    String annotation(String name) {
      return String.valueOf(
          ((Map<?, ?>) Objects.requireNonNull(yaml.get("annotations"))).get(name));
    }

    String severity() {
      return String.valueOf(
          ((Map<?, ?>) Objects.requireNonNull(yaml.get("labels"))).get("severity"));
    }
  }

  static List<Rule> all() throws IOException {
    List<Rule> rules = new ArrayList<>();
    for (Object group : list(read("alerts.yaml"), "groups")) {
      list(group, "rules").forEach(rule -> rules.add(new Rule((Map<?, ?>) rule)));
    }
    return rules;
  }

  /** The expectations of the tests: an alert's name, and whether it is to fire. */
  static List<Map.Entry<String, Boolean>> expectations() throws IOException {
    List<Map.Entry<String, Boolean>> all = new ArrayList<>();
    for (Object test : list(read("alerts.test.yaml"), "tests")) {
      for (Object each : list(test, "alert_rule_test")) {
        Map<?, ?> one = (Map<?, ?>) each;
        all.add(Map.entry(String.valueOf(one.get("alertname")), one.get("exp_alerts") != null));
      }
    }
    return all;
  }

  private static Object read(String file) throws IOException {
    return new Load(LoadSettings.builder().build())
        .loadFromString(Files.readString(DIRECTORY.resolve(file)));
  }

  private static List<?> list(Object of, String name) {
    return (List<?>) Objects.requireNonNull(((Map<?, ?>) of).get(name), name);
  }

  /** The names of metrics in an expression. */
  static Set<String> metrics(String expression) {
    String bare =
        expression
            .replaceAll("\"(?:[^\"\\\\]|\\\\.)*\"", "")
            .replaceAll("\\{[^}]*}", "")
            .replaceAll("\\[[^]]*]", "")
            .replaceAll("\\b(by|on)\\s*\\([^)]*\\)", "")
            .replaceAll("\\b[0-9][0-9.a-z]*", "");
    Set<String> names = new TreeSet<>();
    Matcher name = NAME.matcher(bare);
    while (name.find()) {
      if (!WORDS.contains(name.group())) {
        names.add(name.group());
      }
    }
    return names;
  }
}
