package dev.caravan.route.file;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.caravan.route.parameter.BreakerOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The shipped route files, against the schema of Camel's YAML DSL and against our own checks. */
class RouteSchemaTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  static Stream<Path> routeFiles() throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> entries = Files.list(Path.of("routes"))) {
      entries.filter(RouteFiles::isRouteFile).sorted().forEach(files::add);
    }
    assertThat(files).isNotEmpty();
    return files.stream();
  }

  @ParameterizedTest
  @MethodSource("routeFiles")
  void everyShippedFile_isRightByTheSchema(Path file) throws Exception {
    String text = flags(Files.readString(file));
    Object yaml = new Load(LoadSettings.builder().build()).loadFromString(text);
    assertThat(schema().validate(JSON.writeValueAsString(yaml), InputFormat.JSON)).isEmpty();
  }

  /** With true or false where a setting says so: the schema knows of no placeholders. */
  private static String flags(String text) throws IOException {
    Function<String, @Nullable String> settings = shipped();
    return Pattern.compile("\"\\{\\{([a-z.-]+)}}\"")
        .matcher(text)
        .replaceAll(
            found -> {
              String value = String.valueOf(settings.apply(found.group(1)));
              boolean flag = value.equals("true") || value.equals("false");
              return Matcher.quoteReplacement(flag ? value : found.group());
            });
  }

  /** The settings as shipped, and where the demo fleet would be. */
  private static Function<String, @Nullable String> shipped() throws IOException {
    Properties settings = new Properties();
    try (Reader file = Files.newBufferedReader(Path.of("application.properties"))) {
      settings.load(file);
    }
    for (String server : List.of("swift", "steady", "slow")) {
      settings.setProperty("caravan.demo." + server + ".url", "http://127.0.0.1:18001");
    }
    return settings::getProperty;
  }

  @Test
  void allShippedFiles_areRightTogether() throws Exception {
    List<RouteFile> files = new ArrayList<>();
    for (Path file : routeFiles().toList()) {
      files.add(RouteFile.of(file.toString(), Files.readString(file)));
    }
    RouteFileValidator validator =
        new RouteFileValidator(
            shipped(), List.of("round-robin", "weighted", "least-inflight"), name -> false);
    assertThat(validator.validate(files)).isEmpty();
  }

  @Test
  void theExampleOfTheValidatorsTest_isRightByTheSchemaToo() throws Exception {
    Object yaml =
        new Load(LoadSettings.builder().build()).loadFromString(RouteFileValidatorTest.RIGHT);
    assertThat(schema().validate(JSON.writeValueAsString(yaml), InputFormat.JSON)).isEmpty();
  }

  @Test
  void entries_areTheSchemas() throws Exception {
    List<String> names = new ArrayList<>();
    json().at("/items/properties").fieldNames().forEachRemaining(names::add);
    assertThat(RouteFileValidator.ENTRIES).containsExactlyInAnyOrderElementsOf(names);
  }

  @Test
  void breakerOptions_areTheSchemas() throws Exception {
    List<String> names = new ArrayList<>();
    json()
        .at("/items/definitions/org.apache.camel.model.Resilience4jConfigurationDefinition")
        .path("properties")
        .fieldNames()
        .forEachRemaining(names::add);
    assertThat(names).containsAll(BreakerOptions.ACCEPTED);
    for (String name : names) { // each is taken, or refused with a reason of its own
      List<String> problems = new ArrayList<>();
      BreakerOptions.read(java.util.Map.of(name, "?"), problems);
      if (!name.equals("id")) {
        assertThat(problems).as(name).isNotEmpty().noneMatch(text -> text.contains("is unknown"));
      }
    }
  }

  private static Schema schema() throws IOException {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_4).getSchema(json());
  }

  private static JsonNode json() throws IOException {
    try (InputStream in = RouteSchemaTest.class.getResourceAsStream("/schema/camelYamlDsl.json")) {
      return JSON.readTree(in);
    }
  }
}
