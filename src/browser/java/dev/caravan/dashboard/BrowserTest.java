package dev.caravan.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/**
 * A test in a real Chromium. After each one, whatever it was about: no script has failed, the
 * content security policy forbade nothing, and nobody but the gateway was asked for anything.
 */
@SuppressWarnings("NullAway.Init") // set before each test
abstract class BrowserTest {
  /** Where a browser may be; -Dchromium=PATH names another. */
  private static final List<String> PLACES =
      List.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome");

  /** How a page is looked at. */
  enum Look {
    LIGHT(1366, 900, ColorScheme.LIGHT),
    DARK(1366, 900, ColorScheme.DARK),
    PHONE(360, 780, ColorScheme.LIGHT);

    final int width;
    final int height;
    final ColorScheme colours;

    Look(int width, int height, ColorScheme colours) {
      this.width = width;
      this.height = height;
      this.colours = colours;
    }
  }

  private static Playwright playwright;
  private static Browser browser;

  private final List<String> trouble = new CopyOnWriteArrayList<>();
  final List<String> requests = new CopyOnWriteArrayList<>();
  private BrowserContext context;
  ScriptedGateway gateway;
  Page page;

  @BeforeAll
  static void start() {
    Path chromium = chromium();
    playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    // Chromium's sandbox does not start for root, as in most containers.
    boolean root = System.getProperty("user.name", "").equals("root");
    browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(chromium)
                    .setArgs(root ? List.of("--no-sandbox") : List.of()));
  }

  private static Path chromium() {
    String named = System.getProperty("chromium");
    return (named == null ? PLACES.stream() : Stream.of(named))
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(
            () ->
                new AssertionError(
                    "The browser tests need Chromium, which is not installed: sudo"
                        + " bench/install-browser.sh, or -Dchromium=PATH to use another."));
  }

  @AfterAll
  static void stop() {
    if (playwright != null) {
      playwright.close();
    }
  }

  /** Opens the page of a gateway in that state, without moving anything. */
  void visit(IntFunction<JsonObject> scene, Look look) {
    gateway = new ScriptedGateway(scene);
    open(look, ReducedMotion.REDUCE);
  }

  void open(Look look, ReducedMotion motion) {
    context =
        browser.newContext(
            new Browser.NewContextOptions()
                .setViewportSize(look.width, look.height)
                .setColorScheme(look.colours)
                .setReducedMotion(motion)
                .setLocale("en-GB")
                .setTimezoneId("UTC"));
    context.addInitScript(
        "window.violations = [];"
            + "document.addEventListener('securitypolicyviolation',"
            + " (event) => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));");
    page = context.newPage();
    page.onPageError(trouble::add);
    page.onRequest(
        request -> {
          requests.add(request.url());
          if (!gateway.serves(request.url())) {
            trouble.add("asked " + request.url());
          }
        });
    page.navigate(gateway.url());
  }

  /** Waits until the board is drawn. */
  void drawn() {
    page.locator("#board:visible").waitFor();
    page.waitForFunction("() => performance.getEntriesByName('tick').length > 0");
  }

  @AfterEach
  void nothingWasWrong() {
    try {
      assertThat((List<?>) page.evaluate("() => window.violations")).isEmpty();
      assertThat(trouble).isEmpty();
    } finally {
      context.close();
      gateway.close();
    }
  }
}
