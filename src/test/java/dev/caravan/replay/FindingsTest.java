package dev.caravan.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.replay.Study.Condition;
import dev.caravan.replay.Study.Reached;
import dev.caravan.replay.Study.Shown;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

@ExtendWith(QuietHealth.class)
class FindingsTest {
  @TempDir Path folder;

  private static Findings findings() {
    Ceiling ceiling = new Ceiling(0.6, 0.4, 0.01);
    Condition condition =
        new Condition(
            "sample & steady",
            Sample.MOONCAKE,
            ceiling,
            Sample.FLEET,
            Scenario.STEADY,
            Study.BALANCERS);
    List<Reached> reached = new ArrayList<>();
    List<Figures> figures = new ArrayList<>();
    Map<String, List<Figures>> curves = new LinkedHashMap<>();
    double pace = 1;
    for (String balancer : Study.BALANCERS) {
      Figures run = Sample.run(balancer, Scenario.COLD_START, 1);
      reached.add(new Reached(pace, run));
      figures.add(run);
      curves.put(balancer, List.of(run));
      pace *= 1.2;
    }
    return new Findings(
        Map.of(condition, reached),
        List.of(new Shown("steady, 3.66 requests/s", figures), new Shown(Study.HALF_LOAD, figures)),
        curves);
  }

  @Test
  void writeInto_replacesWhatIsGeneratedAndNothingElse() throws Exception {
    Path page = folder.resolve("page.md");
    Files.writeString(page, "before\n" + Findings.BEGIN + "\nold\n" + Findings.END + "\nbehind\n");
    findings().writeInto(page);
    String once = Files.readString(page);
    assertThat(once)
        .startsWith("before\n" + Findings.BEGIN + "\n")
        .endsWith("\n" + Findings.END + "\nbehind\n")
        .doesNotContain("old\n")
        .contains("| sample & steady: `prefix-affinity` / `round-robin` | 2.30 | 2.99 | yes |")
        .contains("| sample & steady: `least-tokens` / `least-inflight` | 1.40 | 2.07 | yes |")
        .contains("| sample & steady: `prefix-affinity` / `least-tokens` | 1.30 | 1.20 | **no** |")
        .contains("#### half load");
    findings().writeInto(page);
    assertThat(Files.readString(page)).as("a second time").isEqualTo(once);
    for (String plot : new String[] {"capacity", "rate", "ttft"}) {
      Path file = folder.resolve("images/simulation-" + plot + ".svg");
      assertThat(once).contains("(images/simulation-" + plot + ".svg)");
      Document document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new ByteArrayInputStream(Files.readAllBytes(file)));
      assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
      assertThat(document.getDocumentElement().getTextContent()).contains("prefix-affinity");
    }
  }

  @Test
  void writeInto_pageWithoutMarks_says() throws IOException {
    Path page = folder.resolve("page.md");
    Files.write(page, "text".getBytes(StandardCharsets.UTF_8));
    Findings findings = findings();
    assertThatThrownBy(() -> findings.writeInto(page))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(Findings.BEGIN);
    assertThat(Files.readString(page)).isEqualTo("text");
  }
}
