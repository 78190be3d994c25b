package dev.caravan.dashboard;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ReducedMotion;
import dev.caravan.dashboard.ScriptedGateway.Change;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What people do with the page, and what it does with what it is told. */
@Tag("browser")
class DashboardTest extends BrowserTest {
  private Locator row(String server) {
    return page.locator("#servers-box tbody tr:has(button.link:text-is('" + server + "'))");
  }

  @Test
  void trouble_isSaidInWords_theWorstFirst() {
    visit(Scenes::trouble, Look.LIGHT);
    drawn();
    assertThat(page.locator("#alert-list li").first()).containsText("gpu-f: hung");
    assertThat(page.locator("#alerts")).containsText("routes/llama.yaml is rejected");
    assertThat(page.locator("#alerts")).containsText("line 15: weight \"heavy\"");
    assertThat(page.locator("#alerts")).containsText("jobs:kafka is paused");
    assertThat(row("gpu-b")).containsText("cannot connect: connection refused");
    assertThat(row("gpu-b")).containsText("breaker open");
    assertThat(row("gpu-d")).containsText("drained by ana");
    assertThat(row("gpu-a")).containsText("31 / 32");
    assertThat(row("gpu-a")).containsText("180 ms / 520 ms");
    assertThat(row("gpu-f")).containsText("– / –");
    assertThat(page.locator("#servers-box tbody tr").first()).containsText("gpu-b");
    assertThat(page).hasTitle("(6) Caravan");
  }

  @Test
  void limits_areThereWhereSomebodyHasSome_withWhatIsUsed() {
    visit(Scenes::trouble, Look.LIGHT);
    drawn();
    Locator rows = page.locator("#limits-box tbody tr");
    assertThat(rows).hasCount(3);
    assertThat(rows.nth(0)).containsText("qwen3-32b");
    assertThat(rows.nth(1)).containsText("600 / 600");
    assertThat(rows.nth(1)).containsText("412k / 1.0M");
    assertThat(rows.nth(1).locator(".bar.full")).hasCount(1);
    assertThat(rows.nth(1).locator("td").last()).hasText("118");
    assertThat(rows.nth(2)).containsText("7.9M / 20.0M");
    gateway.show(Scenes::demo);
    assertThat(page.locator("#limits")).isHidden();
    assertThat(page.locator("#pools-box tbody tr").first()).containsText("of 40");
  }

  @Test
  void viewer_seesNoButtons() {
    gateway = new ScriptedGateway(Scenes::trouble);
    gateway.roles("viewer");
    open(Look.LIGHT, ReducedMotion.REDUCE);
    drawn();
    assertThat(page.locator("#who")).hasText("ana, viewer");
    assertThat(page.locator("#servers-box td.act button:visible")).hasCount(0);
    assertThat(page.locator("#alert-list button:text-is('Lift all'):visible")).hasCount(0);
    row("gpu-c").locator("button.link").click();
    page.locator(".sheet canvas").nth(3).waitFor();
    assertThat(page.locator("#sheet .buttons")).isHidden();
  }

  @Test
  void drain_saysWhatWillHappen_andOnlyAYesSendsIt() {
    visit(Scenes::trouble, Look.LIGHT);
    drawn();
    row("gpu-a").getByText("Drain…").click();
    assertThat(page.locator("#confirm")).containsText("Drain gpu-a?");
    assertThat(page.locator("#confirm")).containsText("finishes its 31 requests in flight");
    assertThat(page.locator("#confirm"))
        .containsText("2 other servers of llama-3.3-70b take the requests");
    assertThat(page.locator("#confirm-no")).isFocused();
    page.locator("#confirm-no").click();
    assertThat(page.locator("#confirm")).isHidden();
    assertThat(gateway.changes()).isEmpty();

    row("gpu-a").getByText("Drain…").click();
    page.locator("#confirm-yes").click();
    assertThat(page.locator("#confirm")).isHidden();
    assertThat(gateway.changes())
        .containsExactly(new Change("PUT", "/admin/servers/gpu-a/drain", "", null));
    assertThat(page.locator("#said")).hasText("gpu-a drains");
  }

  @Test
  void drainOfTheLast_isWarnedOf() {
    visit(
        tick -> {
          JsonObject overview = Scenes.trouble(tick);
          overview
              .getJsonArray("servers")
              .forEach(
                  each -> {
                    JsonObject server = (JsonObject) each;
                    if (!server.getString("name").equals("tpu-spare")) {
                      server.put("state", "down");
                    }
                  });
          return overview;
        },
        Look.LIGHT);
    drawn();
    row("tpu-spare").getByText("Drain…").click();
    assertThat(page.locator("#confirm .warning").first())
        .containsText("Nobody else in llama-3.3-70b takes requests");
    assertThat(page.locator("#confirm .warning")).hasCount(2);
    page.locator("#confirm-no").click();
  }

  @Test
  void weightEjectRestoreProbeAndLiftAll_sendWhatTheySay() {
    visit(Scenes::trouble, Look.LIGHT);
    drawn();
    row("gpu-d").locator("button.link").click();
    Locator sheet = page.locator("#sheet");
    assertThat(sheet.getByText("Drain…")).isHidden();
    sheet.getByText("Set weight…").click();
    page.locator("#weight").fill("3");
    page.locator("#confirm-yes").click();
    assertThat(page.locator("#confirm")).isHidden();
    sheet.getByText("Eject…").click();
    page.locator("#confirm-yes").click();
    assertThat(page.locator("#confirm")).isHidden();
    sheet.getByText("Restore…").click();
    assertThat(page.locator("#confirm")).containsText("Takes back what was set: drained.");
    page.locator("#confirm-yes").click();
    assertThat(page.locator("#confirm")).isHidden();
    sheet.getByText("Probe now…").click();
    page.locator("#confirm-yes").click();
    assertThat(page.locator("#confirm")).isHidden();
    page.locator("#sheet-close").click();
    page.locator("#alert-list button:text-is('Lift all'):visible").click();
    page.locator("#confirm-yes").click();
    assertThat(page.locator("#confirm")).isHidden();
    String server = "/admin/servers/gpu-d/";
    assertThat(gateway.changes())
        .containsExactly(
            new Change("PUT", server + "weight", "{\"weight\":3}", null),
            new Change("PUT", server + "eject", "", null),
            new Change("DELETE", server + "drain", "", null),
            new Change("PUT", server + "probe", "", null),
            new Change("DELETE", "/admin/overrides", "", null));
  }

  @Test
  void refusedChange_isSaidInTheQuestion_whichStays() {
    visit(Scenes::demo, Look.LIGHT);
    gateway.refusing();
    drawn();
    row("swift").getByText("Drain…").click();
    page.locator("#confirm-yes").click();
    assertThat(page.locator("#confirm-error")).containsText("Your role does not allow this.");
    assertThat(page.locator("#confirm-error")).containsText("needs the role operator");
    assertThat(page.locator("#confirm-yes")).isEnabled();
    page.keyboard().press("Escape");
    assertThat(page.locator("#confirm")).isHidden();
  }

  @Test
  void token_isAskedFor_sentWithEverything_andKeptInTheTabAlone() {
    gateway = new ScriptedGateway(Scenes::demo);
    gateway.locked();
    open(Look.LIGHT, ReducedMotion.REDUCE);
    assertThat(page.locator("#login")).isVisible();
    assertThat(page.locator("#token")).isFocused();
    page.locator("#token").fill("wrong");
    page.keyboard().press("Enter");
    assertThat(page.locator("#login-error")).hasText("That token is not known, or no longer.");
    page.locator("#token").fill("nobody");
    page.keyboard().press("Enter");
    assertThat(page.locator("#login-error")).containsText("needs the role viewer");
    page.locator("#token").fill("operator");
    page.keyboard().press("Enter");
    drawn();
    assertThat(page.locator("#login")).isHidden();
    row("slow").getByText("Drain…").click();
    page.locator("#confirm-yes").click();
    assertThat(page.locator("#confirm")).isHidden();
    assertThat(gateway.changes())
        .extracting(Change::authorization)
        .containsExactly("Bearer operator");
    assertThat(page.evaluate("() => [localStorage.length, document.cookie, sessionStorage.length]"))
        .isEqualTo(List.of(0, "", 1));
    assertThat(requests).noneMatch(url -> url.contains("operator") || url.contains("token"));
    page.locator("#sign-out").click();
    assertThat(page.locator("#login")).isVisible();
    assertThat(page.evaluate("() => sessionStorage.length")).isEqualTo(0);
  }

  @Test
  void hostileNames_areText_andNothingElse() {
    visit(Scenes::hostile, Look.LIGHT);
    drawn();
    page.locator("#servers-box button.link").first().click();
    page.locator(".sheet canvas").nth(3).waitFor();
    assertThat(page.locator("#sheet-title")).hasText(Scenes.HOSTILE);
    page.locator("#sheet").getByText("Drain…").click();
    page.locator("#confirm-yes").click();
    assertThat(page.locator("#confirm")).isHidden();
    page.locator("#sheet-close").click();
    page.locator("#route-list button.link").click();
    page.locator(".source .line").first().waitFor();
    assertThat(gateway.changes()).hasSize(1);
    assertThat(gateway.changes().get(0).path())
        .startsWith("/admin/servers/%3Cimg%20src%3Dx")
        .endsWith("/drain")
        .doesNotContain("<");
    assertThat(page.evaluate("() => window.hostile === undefined")).isEqualTo(true);
    assertThat(page.locator("body img")).hasCount(0);
    assertThat(page.locator("body script")).hasCount(0);
    assertThat(page.locator("a[href^=javascript]")).hasCount(0);
  }

  @Test
  void history_comesWhenAskedFor_withWordsForEveryPlot() {
    visit(Scenes::demo, Look.LIGHT);
    drawn();
    assertThat(requests).noneMatch(url -> url.contains("uPlot.esm"));
    row("steady").locator("button.link").click();
    page.locator(".sheet canvas").nth(3).waitFor();
    assertThat(requests).anyMatch(url -> url.endsWith("/admin/history?server=steady"));
    assertThat(page.locator(".plots figure")).hasCount(4);
    for (Locator said : page.locator(".plots .said").all()) {
      assertThat(said).hasText(Pattern.compile("^now .+, between .+ and .+$"));
    }
    page.keyboard().press("Escape");
    page.locator("#pools-box button.link").click();
    page.locator(".sheet canvas").nth(3).waitFor();
    assertThat(requests).anyMatch(url -> url.endsWith("/admin/history?pool=llama-3.1-8b"));
    assertThat(page.locator("#sheet")).containsText("A pool of swift, steady, slow.");
  }

  @Test
  void changes_areSaidAloud_andFiguresAreNot() {
    visit(Scenes::demo, Look.LIGHT);
    gateway.moving(true);
    drawn();
    assertThat(page.locator("#said")).hasText("");
    gateway.show(
        tick -> {
          JsonObject overview = Scenes.demo(tick);
          overview.getJsonArray("servers").getJsonObject(0).put("inflight", 9);
          JsonArray changes =
              new JsonArray()
                  .add(
                      new JsonObject()
                          .put("at", Scenes.AT + 1)
                          .put("what", "server")
                          .put("name", "swift")
                          .put("from", "healthy")
                          .put("to", "hung")
                          .put("reason", "no token for 30 s"));
          overview.getJsonArray("changes").forEach(changes::add);
          return overview.put("changes", changes);
        });
    assertThat(row("swift")).containsText("9 / 16");
    assertThat(page.locator("#said")).hasText("swift healthy to hung, no token for 30 s");
    assertThat(page.locator("[aria-live]")).hasCount(2);
  }

  @Test
  void routeFile_isShownWithItsErrorAtItsLine() {
    visit(Scenes::trouble, Look.LIGHT);
    drawn();
    page.locator("#route-list button.link").first().click();
    assertThat(page.locator(".source .wrong")).hasText("                          weight: heavy");
    assertThat(page.locator("#sheet .errors")).containsText("line 15: model:gpu-a");
  }

  @Test
  void points_runOnlyWhereMotionIsWelcome() {
    String picture = "() => document.querySelector('canvas.flow').toDataURL()";
    visit(Scenes::demo, Look.LIGHT);
    drawn();
    Object still = page.evaluate(picture);
    page.evaluate("() => performance.clearMeasures('tick')");
    gateway.send();
    page.waitForFunction("() => performance.getEntriesByName('tick').length > 0");
    assertThat(page.evaluate(picture)).isEqualTo(still);
    page.emulateMedia(new Page.EmulateMediaOptions().setReducedMotion(ReducedMotion.NO_PREFERENCE));
    page.waitForFunction(
        "(still) => document.querySelector('canvas.flow').toDataURL() !== still", still);
    Object moved = page.evaluate(picture);
    page.waitForFunction(
        "(moved) => document.querySelector('canvas.flow').toDataURL() !== moved", moved);
  }
}
