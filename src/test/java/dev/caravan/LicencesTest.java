package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The licences of all that the product is made of, by {@code target/bom.json}; runs behind it. */
@Tag("sbom")
class LicencesTest {
  /** Each lets the product be given away under Apache-2.0; names are those of an SBOM. */
  private static final Set<String> ALLOWED =
      Set.of(
          "Apache-2.0",
          "BSD-2-Clause",
          "BSD-3-Clause",
          "CC0-1.0",
          "EPL-2.0",
          "MIT",
          "MIT-0",
          "Public Domain");

  @Test
  void everyComponent_hasALicenceThatIsAllowed() throws IOException {
    JsonNode components =
        new ObjectMapper().readTree(Path.of("target/bom.json").toFile()).path("components");
    assertThat(components.size()).isGreaterThan(200);
    List<String> wrong = new ArrayList<>();
    for (JsonNode component : components) {
      List<String> licences = new ArrayList<>();
      for (JsonNode each : component.path("licenses")) {
        JsonNode licence = each.path("license");
        licences.add(licence.path("id").asText(licence.path("name").asText()));
      }
      // Where there are several, one may choose.
      if (licences.stream().noneMatch(ALLOWED::contains)) {
        wrong.add(component.path("name").asText() + " " + licences);
      }
      assertThat(component.path("version").asText()).doesNotContain("SNAPSHOT");
    }
    assertThat(wrong).isEmpty();
  }
}
