package dev.caravan.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(QuietHealth.class)
class ReplayMainTest {
  private static final String TRACE = "src/test/resources/traces/mooncake-400.jsonl";

  private static String run(String... more) throws IOException {
    String[] args = new String[more.length + 2];
    args[0] = "--trace";
    args[1] = TRACE;
    System.arraycopy(more, 0, args, 2, more.length);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ReplayMain.run(ReplayOptions.of(args), new PrintStream(out, true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void run_printsARowForEachBalancer() throws IOException {
    assertThat(run("--balancers", "round-robin,least-tokens", "--rate", "2", "--gateways", "2"))
        .contains("mooncake-400.jsonl: 400 requests in 109 s")
        .contains("steady, 8 servers, 2 gateways, 2.000 requests/s")
        .contains("| `round-robin` | ")
        .contains("| `least-tokens` | ");
  }

  @Test
  void run_capacity_printsItBesideTheFirst() throws IOException {
    assertThat(
            run(
                "--balancers",
                "round-robin",
                "--capacity",
                "--servers",
                "2",
                "--kv-blocks",
                "12800"))
        .contains(Tables.CAPACITY_HEAD)
        .containsPattern("\\| `round-robin` \\| [0-9.]+ \\| 1\\.00 \\|");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--servers 0;servers and gateways must be from 1",
        "--servers x;--servers wants a number, not x",
        "--pace -1;--pace must be above 0",
        "--scenario flood;no scenario is named flood",
        "--balancers best;--balancers has best",
        "--card b200;--card is h100 or a100",
        "--affinity some;--affinity is off, soft or strict",
        "--colour;--colour is unknown or has no value",
        "--colour red;unknown option --colour",
      })
  void options_wrong_sayWhat(String line, String what) {
    assertThatThrownBy(() -> run(line.split(" ", -1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(what);
  }

  @Test
  void options_withoutTrace_say() {
    assertThatThrownBy(() -> ReplayOptions.of("--pace", "2")).hasMessage("--trace is missing");
  }

  @Test
  void help_namesEveryScenario() {
    for (Scenario each : Scenario.values()) {
      assertThat(ReplayOptions.HELP).contains(each.label());
      assertThat(Scenario.labelled(each.label())).isEqualTo(each);
    }
  }
}
