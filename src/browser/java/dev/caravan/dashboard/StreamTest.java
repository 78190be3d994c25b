package dev.caravan.dashboard;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.assertions.LocatorAssertions.HasTextOptions;
import com.microsoft.playwright.assertions.LocatorAssertions.IsVisibleOptions;
import com.microsoft.playwright.options.ReducedMotion;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The stream of overviews when it does not run as it should. */
@Tag("browser")
class StreamTest extends BrowserTest {
  private static final double LONG = 30_000;

  @Test
  void brokenStream_isMarkedAsOld_andComesBack() {
    visit(Scenes::demo, Look.LIGHT);
    drawn();
    gateway.down(true);
    assertThat(page.locator("#stale")).isVisible(new IsVisibleOptions().setTimeout(LONG));
    assertThat(page.locator("#stale")).containsText("No news for");
    assertThat(page.locator("#gateway-state")).hasText("No news");
    assertThat(page.locator("#said")).hasText("The connection to the gateway is lost");
    gateway.down(false);
    assertThat(page.locator("#said"))
        .hasText("The connection is back", new HasTextOptions().setTimeout(LONG));
    assertThat(page.locator("#stale")).isHidden();
    assertThat(page.locator("#gateway-state")).hasText("Ready");
    assertThat(gateway.streams()).isEqualTo(1);
  }

  @Test
  void silentStream_isMarkedAsOld_andAskedAnew() {
    visit(Scenes::demo, Look.LIGHT);
    drawn();
    gateway.silent(true);
    assertThat(page.locator("#stale")).isVisible(new IsVisibleOptions().setTimeout(LONG));
    // The stream is still open: after ten seconds it counts as dead, and a new one is asked for.
    page.waitForResponse(response -> response.url().endsWith("/admin/overview/stream"), () -> {});
    gateway.silent(false);
    assertThat(page.locator("#stale")).isHidden();
    assertThat(page.locator("#said")).hasText("The connection is back");
    await().untilAsserted(() -> assertThat(gateway.streams()).isEqualTo(1));
  }

  @Test
  void gatewayThatIsAway_isAskedAgain_untilItAnswers() {
    gateway = new ScriptedGateway(Scenes::demo);
    gateway.down(true);
    open(Look.LIGHT, ReducedMotion.REDUCE);
    assertThat(page.locator("#waiting-note")).hasText("The gateway does not answer. Trying again…");
    gateway.down(false);
    assertThat(page.locator("#board")).isVisible(new IsVisibleOptions().setTimeout(LONG));
    assertThat(page.locator("#waiting-note")).isHidden();
  }
}
