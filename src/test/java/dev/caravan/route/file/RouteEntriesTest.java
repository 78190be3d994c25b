package dev.caravan.route.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.nodes.Node;

/** When two readings of files say the same, and which routes a change concerns. */
class RouteEntriesTest {
  private static final String CONFIGURATION =
      "- routeConfiguration: { id: errors, errorHandler: { defaultErrorHandler: {} } }\n";

  private static RouteEntries read(String... texts) {
    List<RouteFile> files = new ArrayList<>();
    for (String text : texts) {
      files.add(RouteFile.of("routes/" + files.size() + ".yaml", text));
    }
    return RouteEntries.of(files);
  }

  private static String route(String id, String step) {
    return "- route: { id: "
        + id
        + ", from: { uri: \"direct:"
        + id
        + "\", steps: [ "
        + step
        + " ] } }\n";
  }

  private static String digest(RouteEntries entries, String id) {
    return entries.units().stream()
        .filter(unit -> id.equals(unit.id()))
        .map(RouteEntries.Unit::digest)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void digest_otherWordsForTheSame_isTheSame() {
    String flow = route("a", "{ log: x }");
    String block =
        """
        # a comment
        - route:
            id: "a"
            from:
              uri: 'direct:a'

              steps:
                - log: x   # another
        """;
    assertThat(digest(read(block), "a")).isEqualTo(digest(read(flow), "a"));
    assertThat(digest(read(route("a", "{ log: \"1\" }")), "a"))
        .as("a text is no number")
        .isNotEqualTo(digest(read(route("a", "{ log: 1 }")), "a"));
  }

  @Test
  void digest_movedToAnotherFile_isTheSame() {
    RouteEntries one = read(route("a", "{ log: x }") + route("b", "{ log: y }"));
    RouteEntries two = read(route("b", "{ log: y }"), route("a", "{ log: x }"));
    assertThat(digest(two, "a")).isEqualTo(digest(one, "a"));
    assertThat(digest(two, "b")).isEqualTo(digest(one, "b"));
    assertThat(one.units()).extracting(RouteEntries.Unit::index).containsExactly(0, 1);
    assertThat(two.units()).extracting(RouteEntries.Unit::index).containsExactly(0, 0);
  }

  @Test
  void digest_neighbourChanges_isTheSame() {
    RouteEntries before = read(route("a", "{ log: x }") + route("b", "{ log: y }"));
    RouteEntries after = read(route("a", "{ log: z }") + route("b", "{ log: y }"));
    assertThat(digest(after, "a")).isNotEqualTo(digest(before, "a"));
    assertThat(digest(after, "b")).isEqualTo(digest(before, "b"));
  }

  @Test
  void digest_whatHoldsForTheWholeFile_countsForItsRoutesAlone() {
    String handler = "- onException: { exception: [ java.lang.Exception ] }\n";
    RouteEntries before = read(route("a", "{ log: x }"), route("b", "{ log: y }"));
    RouteEntries after = read(handler + route("a", "{ log: x }"), route("b", "{ log: y }"));
    assertThat(digest(after, "a")).isNotEqualTo(digest(before, "a"));
    assertThat(digest(after, "b")).isEqualTo(digest(before, "b"));
  }

  @Test
  void digest_configuration_countsForThoseThatNameOne() {
    String named =
        "- route: { id: b, routeConfigurationId: errors, from: { uri: \"direct:b\" } }\n";
    RouteEntries before = read(CONFIGURATION, route("a", "{ log: x }") + named);
    RouteEntries after =
        read(CONFIGURATION.replace("defaultE", "noE"), route("a", "{ log: x }") + named);
    assertThat(after.configurations()).isNotEqualTo(before.configurations());
    assertThat(digest(after, "a")).isEqualTo(digest(before, "a"));
    assertThat(digest(after, "b")).isNotEqualTo(digest(before, "b"));
    RouteEntries general =
        read(CONFIGURATION.replace("id: errors, ", ""), route("a", "{ log: x }") + named);
    assertThat(digest(general, "a")).isNotEqualTo(digest(before, "a"));
  }

  @Test
  void digest_beans_countForAll() {
    String bean = "- beans: [ { name: mine, type: java.lang.Object } ]\n";
    RouteEntries before = read(route("a", "{ log: x }"));
    RouteEntries after = read(route("a", "{ log: x }"), bean);
    assertThat(digest(after, "a")).isNotEqualTo(digest(before, "a"));
    assertThat(after.beanNames()).containsExactly("mine");
  }

  @Test
  void digest_template_countsForWhatIsMadeOfIt() {
    String template =
        "- routeTemplate: { id: t, from: { uri: \"direct:{{x}}\", steps: [ { log: %s } ] } }\n";
    String templated = "- templatedRoute: { routeTemplateRef: t, routeId: made }\n";
    RouteEntries before = read(template.formatted("x") + templated + route("a", "{ log: x }"));
    RouteEntries after = read(template.formatted("y") + templated + route("a", "{ log: x }"));
    assertThat(digest(after, "made")).isNotEqualTo(digest(before, "made"));
    assertThat(digest(after, "a")).isEqualTo(digest(before, "a"));
  }

  @Test
  void digest_aliasesThatNest_isReadOnce() {
    StringBuilder text = new StringBuilder("- x0: &x0 [ a, a ]\n");
    for (int i = 1; i < 40; i++) {
      text.append("- x%d: &x%d [ *x%d, *x%d ]\n".formatted(i, i, i - 1, i - 1));
    }
    List<RouteFileError> errors = new ArrayList<>();
    List<Node> items = YamlNodes.items(RouteFile.of("bomb.yaml", text.toString()), errors);
    NodeDigest digest = new NodeDigest();
    // A reading of every path would take 2^40 steps.
    items.forEach(item -> assertThat(digest.of(item)).hasSize(64));
  }

  @Test
  void withoutBeans_keepsLinesAndTheRest() throws Exception {
    String text =
        "- beans:\n    - name: mine\n      type: java.lang.Object\n" + route("a", "{ log: x }");
    String rest =
        new String(
            RouteText.withoutBeans(RouteFile.of("a.yaml", text)).getInputStream().readAllBytes(),
            java.nio.charset.StandardCharsets.UTF_8);
    assertThat(Arrays.asList(rest.split("\n"))).startsWith("", "", "").hasSize(4);
    assertThat(rest).endsWith(route("a", "{ log: x }"));
    String alias =
        "- beans: &b\n    - name: mine\n      type: java.lang.Object\n- beans: *b\n"
            + route("a", "{ log: x }");
    assertThat(RouteText.withoutBeans(RouteFile.of("a.yaml", alias)).exists()).isTrue();
  }
}
