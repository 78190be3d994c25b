package dev.caravan.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Not a test but the study: {@code ./mvnw -Psimulate verify}, with {@code -Dtraces=DIR} where the
 * traces are elsewhere. Rewrites docs/simulation.md and its plots, and the tables of
 * docs/background.md.
 */
@Tag("simulate")
@ExtendWith(QuietHealth.class)
class SimulationStudyTest {

  @Test
  void study_isRunAndWrittenDown() throws Exception {
    Path traces = Path.of(System.getProperty("traces", "../shared/traces"));
    assertThat(traces).as("the folder with the traces; name it by -Dtraces=DIR").isDirectory();
    Path page = Path.of("docs/simulation.md");
    int threads = Runtime.getRuntime().availableProcessors();
    new Study(traces, threads, System.out::println).run().writeInto(page);
    assertThat(Files.readString(page)).contains("| `prefix-affinity` |").contains("half load");
  }

  @Test
  void backgroundStudy_isRunAndWrittenDown() throws Exception {
    Path traces = Path.of(System.getProperty("traces", "../shared/traces"));
    assertThat(traces).as("the folder with the traces; name it by -Dtraces=DIR").isDirectory();
    Path page = Path.of("docs/background.md");
    new BackgroundStudy(traces).writeInto(page);
    assertThat(Files.readString(page)).contains("An idle fleet");
  }
}
