package dev.caravan.dashboard;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.dashboard.ScriptedGateway.Change;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The page without a mouse. */
@Tag("browser")
class KeyboardTest extends BrowserTest {
  /** What is in focus, in words, or an empty string for nothing. */
  private static final String FOCUS =
      "() => { const at = document.activeElement;"
          + " return at === document.body ? '' : at.id || at.getAttribute('aria-label') || at.textContent; }";

  private String focus() {
    return (String) page.evaluate(FOCUS);
  }

  @Test
  void everythingThatCanBePressed_isReachedByTab_andIsSeenToBe() {
    visit(Scenes::trouble, Look.LIGHT);
    drawn();
    List<?> there =
        (List<?>)
            page.evaluate(
                "() => [...document.querySelectorAll('button, input, select, a')]"
                    + ".filter((each) => each.checkVisibility())"
                    + ".map((each) => each.id || each.getAttribute('aria-label') || each.textContent)");
    Set<String> reached = new LinkedHashSet<>();
    for (int i = 0; i < there.size() + 20; i++) {
      page.keyboard().press("Tab");
      String at = focus();
      if (at.isEmpty()) {
        break;
      }
      reached.add(at);
      assertThat(page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle"))
          .as("the outline of " + at)
          .isEqualTo("solid");
    }
    assertThat(reached).contains("Drain gpu-a", "Restore gpu-d", "filter-text", "sort");
    assertThat(reached.containsAll(there)).as("%s of %s", reached, there).isTrue();
  }

  @Test
  void drain_byKeysAlone() {
    visit(Scenes::demo, Look.LIGHT);
    drawn();
    page.keyboard().press("Tab");
    assertThat(focus()).isEqualTo("Skip to the servers");
    page.keyboard().press("Enter");
    assertThat(page.locator("#servers")).isFocused();
    for (int i = 0; i < 30 && !focus().equals("Drain slow"); i++) {
      page.keyboard().press("Tab");
    }
    page.keyboard().press("Enter");
    assertThat(page.locator("#confirm-no")).isFocused();
    page.keyboard().press("Tab");
    assertThat(page.locator("#confirm-yes")).isFocused();
    page.keyboard().press("Enter");
    assertThat(page.locator("#confirm")).isHidden();
    assertThat(gateway.changes())
        .containsExactly(new Change("PUT", "/admin/servers/slow/drain", "", null));
    assertThat(focus()).isEqualTo("Drain slow");
  }

  @Test
  void sheet_keepsTheFocus_andGivesItBack() {
    visit(Scenes::demo, Look.LIGHT);
    drawn();
    page.locator("#servers-box button.link").first().focus();
    page.keyboard().press("Enter");
    page.locator(".sheet canvas").nth(3).waitFor();
    for (int i = 0; i < 8; i++) {
      page.keyboard().press("Tab");
      assertThat(
              page.evaluate(
                  "() => document.activeElement === document.body"
                      + " || document.querySelector('#sheet').contains(document.activeElement)"))
          .isEqualTo(true);
    }
    page.keyboard().press("Escape");
    assertThat(page.locator("#sheet")).isHidden();
    assertThat(focus()).isEqualTo("slow");
  }
}
