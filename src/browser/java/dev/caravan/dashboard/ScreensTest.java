package dev.caravan.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.deque.html.axecore.results.Rule;
import com.microsoft.playwright.Page;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How the page looks in its main states, on the desk and on a phone, light and dark: compared with
 * pictures that somebody has looked at. {@code -Dscreens.update} writes those anew.
 */
@Tag("browser")
class ScreensTest extends BrowserTest {
  private static final Path SEEN = Path.of("src/test/resources/screenshots");
  private static final Path NOW = Path.of("target/screenshots");

  /**
   * The share of a picture that may differ. Two runs on one machine differ in none of it, a
   * monospaced font instead of the usual one made 0.02; two states differ in 0.19 and more.
   */
  private static final double TOLERANCE = 0.05;

  /** The states that have pictures. */
  enum Scene {
    EMPTY,
    DEMO,
    TROUBLE,
    HUNDRED;

    JsonObject overview(int tick) {
      return switch (this) {
        case EMPTY -> Scenes.empty(tick);
        case DEMO -> Scenes.demo(tick);
        case TROUBLE -> Scenes.trouble(tick);
        case HUNDRED -> Scenes.hundred(tick);
      };
    }
  }

  @ParameterizedTest
  @CsvSource({
    "EMPTY, LIGHT", "EMPTY, DARK", "EMPTY, PHONE",
    "DEMO, LIGHT", "DEMO, DARK", "DEMO, PHONE",
    "TROUBLE, LIGHT", "TROUBLE, DARK", "TROUBLE, PHONE",
    "HUNDRED, LIGHT", "HUNDRED, DARK", "HUNDRED, PHONE",
  })
  void scene_looksAsItDid_andIsAccessible(Scene scene, Look look) throws Exception {
    visit(scene::overview, look);
    drawn();
    page.waitForFunction("() => document.querySelectorAll('#road-box svg.road').length === 1");
    page.mouse().move(0, 0);
    if (scene == Scene.DEMO || scene == Scene.TROUBLE) {
      page.waitForFunction(
          "() => [...document.querySelectorAll('.curve')].every((each) => each.getAttribute('d'))");
    }
    String name = (scene + "-" + look).toLowerCase(java.util.Locale.ROOT) + ".png";
    Files.createDirectories(NOW);
    page.screenshot(
        new Page.ScreenshotOptions().setPath(NOW.resolve("whole-" + name)).setFullPage(true));
    byte[] png = page.screenshot(new Page.ScreenshotOptions().setPath(NOW.resolve(name)));
    Picture now = Picture.of(png);
    if (System.getProperty("screens.update") != null) {
      now.write(SEEN.resolve(name));
    }
    assertThat(now.distance(Picture.read(SEEN.resolve(name))))
        .as("how far target/screenshots/%s is from what was seen", name)
        .isCloseTo(0, within(TOLERANCE));
    assertThat((Integer) page.evaluate("() => document.documentElement.scrollWidth"))
        .as("nothing stands out at the side")
        .isLessThanOrEqualTo(look.width);
    assertAccessible();
  }

  @ParameterizedTest
  @CsvSource({"LIGHT", "DARK", "PHONE"})
  void sheetAndQuestion_areAccessible(Look look) {
    visit(Scenes::trouble, look);
    drawn();
    page.locator("#servers-box button.link").first().click();
    page.locator(".sheet canvas").nth(3).waitFor();
    assertAccessible();
    page.locator("#sheet").getByText("Drain…").click();
    page.locator("#confirm[open]").waitFor();
    page.screenshot(new Page.ScreenshotOptions().setPath(NOW.resolve("question-" + look + ".png")));
    assertAccessible();
  }

  @ParameterizedTest
  @CsvSource({
    "EMPTY, DEMO, LIGHT",
    "DEMO, TROUBLE, LIGHT",
    "DEMO, TROUBLE, DARK",
    "TROUBLE, HUNDRED, LIGHT",
    "DEMO, TROUBLE, PHONE",
    "TROUBLE, HUNDRED, PHONE",
  })
  void picturesOfDifferentStates_areFartherApartThanOneMayStray(Scene one, Scene two, Look look) {
    visit(one::overview, look);
    drawn();
    Picture now = Picture.of(page.screenshot());
    String other = (two + "-" + look).toLowerCase(java.util.Locale.ROOT) + ".png";
    assertThat(now.distance(Picture.read(SEEN.resolve(other)))).isGreaterThan(2 * TOLERANCE);
  }

  private void assertAccessible() {
    List<Rule> found =
        new AxeBuilder(page)
            .withTags(
                List.of("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"))
            .setLegacyMode(true)
            .analyze()
            .getViolations();
    assertThat(found)
        .extracting(
            rule ->
                rule.getId()
                    + ": "
                    + rule.getHelp()
                    + " at "
                    + rule.getNodes().stream()
                        .map(node -> node.getTarget() + " " + node.getFailureSummary())
                        .limit(3)
                        .toList())
        .isEmpty();
  }
}
