package dev.caravan.route.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.route.parameter.BreakerOptions;
import dev.caravan.route.parameter.JobsParameters;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.parameter.Parameter;
import dev.caravan.route.parameter.PoolParameters;
import dev.caravan.route.probe.ProbeComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Keeps the tables in docs/routes.md as the code has them. */
class RouteDocsTest {

  @Test
  void tables_areThoseOfTheCode() throws Exception {
    String docs = Files.readString(Path.of("docs/routes.md"));
    assertThat(docs).contains(table(ModelParameters.TABLE));
    assertThat(docs).contains(table(PoolParameters.TABLE));
    assertThat(docs).contains(table(ProbeComponent.TABLE));
    assertThat(docs).contains(table(JobsParameters.TABLE));
    assertThat(docs)
        .contains(BreakerOptions.ACCEPTED.stream().map(o -> "| `" + o + "` |").toList());
  }

  private static String table(List<Parameter> rows) {
    return rows.stream()
        .map(
            row ->
                "| `"
                    + row.name()
                    + "` | "
                    + row.type().accepted()
                    + " | "
                    + row.otherwise()
                    + " | "
                    + row.meaning()
                    + " |\n")
        .collect(Collectors.joining());
  }
}
