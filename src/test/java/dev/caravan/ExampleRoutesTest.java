package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.route.file.RouteFile;
import dev.caravan.route.file.RouteFileValidator;
import dev.caravan.route.file.RouteFiles;
import dev.caravan.select.Balancers;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The fleets that people copy from the documentation are right. */
class ExampleRoutesTest {
  private static final Pattern YAML =
      Pattern.compile("^```yaml\n(- route:\n.*?)^```", Pattern.MULTILINE | Pattern.DOTALL);

  @Test
  void examples_validateBesideThePackagedRoutes() throws Exception {
    List<RouteFile> files = RouteFiles.find(Path.of("docs/examples"));
    assertThat(files).extracting(RouteFile::name).contains("routes/ingress.yaml");
    assertThat(files).hasSizeGreaterThanOrEqualTo(6);
    assertThat(validator().validate(files)).isEmpty();
  }

  @Test
  void fleetInTheReadme_validates() throws Exception {
    Matcher fleet = YAML.matcher(Files.readString(Path.of("README.md")));
    assertThat(fleet.find()).as("a route file in README.md").isTrue();
    assertThat(validator().validate(List.of(RouteFile.of("README.md", fleet.group(1))))).isEmpty();
  }

  /** A validator that knows what a gateway without a demo fleet knows. */
  static RouteFileValidator validator() throws IOException {
    Properties settings = new Properties();
    settings.load(new StringReader(Files.readString(Path.of("application.properties"))));
    return new RouteFileValidator(settings::getProperty, Balancers.names(), bean -> false);
  }
}
