package dev.caravan.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What can be known of the dashboard's files without a browser: they are all there, talk to nobody
 * else, hold nothing that its content security policy forbids, and read what the API sends. The
 * page itself is tried by the profile {@code browser}.
 */
class DashboardFilesTest {
  private static final Path PAGE = Path.of("src/main/resources/META-INF/resources");
  private static final String NAMESPACE = "http://www.w3.org/2000/svg";
  private static final Pattern REFERENCE =
      Pattern.compile("(?:href|src)=\"(?!#)([^\"]+)\"|(?:from|import)\\s*\\(?\\s*\"([^\"]+)\"");
  private static final int MAX_LINES = 330;

  /** Which object of the answer stands behind a name, wherever the page's code uses that name. */
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("gateway", "gateway"),
          Map.entry("server", "server"),
          Map.entry("pool", "pool"),
          Map.entry("door", "ingress"),
          Map.entry("file", "file"),
          Map.entry("change", "change"),
          Map.entry("one", "server"),
          Map.entry("account", "account"),
          Map.entry("limit", "limit"),
          Map.entry("server\\.override", "override"),
          Map.entry("now\\.override", "override"));

  /**
   * What the code calls of these that is no field of the answer: parts of the page of that name.
   */
  private static final Set<String> OWN = Set.of("node", "first", "second", "third", "key");

  @Test
  void everyFile_isReferencedAndThere() throws Exception {
    Set<String> reached = new TreeSet<>();
    Deque<String> left = new ArrayDeque<>(List.of("index.html"));
    while (!left.isEmpty()) {
      String name = left.pop();
      if (!reached.add(name)) {
        continue;
      }
      String text = name.startsWith("webjars/") ? jar(name) : Files.readString(PAGE.resolve(name));
      if (!name.startsWith("webjars/")) {
        Matcher found = REFERENCE.matcher(text);
        while (found.find()) {
          String to = found.group(1) == null ? found.group(2) : found.group(1);
          left.push(Path.of(name).resolveSibling(to).normalize().toString());
        }
      }
    }
    assertThat(reached)
        .anyMatch(name -> name.endsWith("uPlot.esm.js"))
        .containsAll(files().keySet());
    assertThat(reached.stream().filter(name -> !name.startsWith("webjars/")))
        .containsExactlyInAnyOrderElementsOf(files().keySet());
  }

  @Test
  void plottingLibrary_bringsItsLicence() throws Exception {
    Matcher version =
        Pattern.compile("webjars/uplot/([0-9.]+)/").matcher(files().get("index.html"));
    assertThat(version.find()).isTrue();
    assertThat(jar("webjars/uplot/" + version.group(1) + "/LICENSE")).contains("MIT License");
    assertThat(files().get("js/plots.js")).contains("webjars/uplot/" + version.group(1) + "/");
  }

  @Test
  void noFile_namesAnotherHost() throws Exception {
    files()
        .forEach(
            (name, text) ->
                assertThat(text.replace(NAMESPACE, ""))
                    .as(name)
                    .doesNotContainPattern("(?i)(https?|wss?|ftp):")
                    .doesNotContainPattern("[\"'(]//"));
  }

  @Test
  void page_hasNothingInline() throws Exception {
    assertThat(files().get("index.html"))
        .doesNotContainPattern("<script(?![^>]*\\bsrc=)")
        .doesNotContainPattern("(?i)<style|\\sstyle=|\\son[a-z]+=|javascript:");
    assertThat(files().get("favicon.svg")).doesNotContainPattern("(?i)<script|<style|\\sstyle=");
  }

  @Test
  void scripts_makeNoHtmlOfStrings_andKeepNothingBeyondTheTab() throws Exception {
    files()
        .forEach(
            (name, text) -> {
              if (name.endsWith(".js")) {
                assertThat(text)
                    .as(name)
                    .doesNotContainPattern(
                        "innerHTML|outerHTML|insertAdjacentHTML|document\\.write")
                    .doesNotContainPattern(
                        "createContextualFragment|DOMParser|\\beval\\(|new Function")
                    .doesNotContainPattern("\"style\"|cssText|localStorage|document\\.cookie");
              }
            });
  }

  @Test
  void files_stayShort() throws Exception {
    files()
        .forEach((name, text) -> assertThat(text.lines().count()).as(name).isLessThan(MAX_LINES));
  }

  @Test
  void everyFieldThatIsRead_isInTheContract() throws Exception {
    Map<String, Set<String>> fields = contract();
    Map<String, Set<String>> read = new TreeMap<>();
    for (Map.Entry<String, String> file : files().entrySet()) {
      if (!file.getKey().endsWith(".js")) {
        continue;
      }
      NAMES.forEach(
          (name, object) -> {
            Matcher found =
                Pattern.compile("(?<![.\\w])" + name + "\\??\\.([a-zA-Z0-9]+)\\b(?!\\()")
                    .matcher(file.getValue());
            while (found.find()) {
              if (!OWN.contains(found.group(1))) {
                read.computeIfAbsent(object, any -> new TreeSet<>()).add(found.group(1));
              }
            }
          });
    }
    assertThat(read.keySet()).containsAll(Set.of("gateway", "server", "pool", "ingress", "file"));
    read.forEach((object, names) -> assertThat(fields.get(object)).as(object).containsAll(names));
    assertThat(read.get("server")).hasSizeGreaterThan(12);
  }

  @Test
  void contract_takesItsExample_andNothingElse() throws Exception {
    String example = Contract.read("overview.example.json");
    assertThat(Contract.OVERVIEW.faults(example)).isEmpty();
    assertThat(
            Contract.OVERVIEW.faults(example.replace("\"inflight\": 2,", "\"inflight\": \"2\",")))
        .isNotEmpty();
    assertThat(Contract.OVERVIEW.faults(example.replace("\"ready\": true,", ""))).isNotEmpty();
    assertThat(Contract.OVERVIEW.faults(example.replace("\"url\"", "\"uri\""))).isNotEmpty();
  }

  private static Map<String, Set<String>> contract() throws IOException {
    JsonNode parts =
        new ObjectMapper().readTree(Contract.read("overview.schema.json")).get("$defs");
    Map<String, Set<String>> fields = new TreeMap<>();
    parts
        .fieldNames()
        .forEachRemaining(
            name -> {
              Set<String> of = new TreeSet<>();
              parts.get(name).get("properties").fieldNames().forEachRemaining(of::add);
              fields.put(name, of);
            });
    return fields;
  }

  private static String jar(String name) throws IOException {
    try (var file = DashboardFilesTest.class.getResourceAsStream("/META-INF/resources/" + name)) {
      assertThat(file).as(name).isNotNull();
      return new String(file.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }
  }

  private static Map<String, String> files() throws IOException {
    Map<String, String> files = new LinkedHashMap<>();
    try (Stream<Path> all = Files.walk(PAGE)) {
      for (Path file : all.filter(Files::isRegularFile).sorted().toList()) {
        files.put(PAGE.relativize(file).toString(), Files.readString(file));
      }
    }
    return files;
  }
}
