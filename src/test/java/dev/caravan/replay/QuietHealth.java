package dev.caravan.replay;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Holds back what health logs of simulated servers: thousands of lines in a second. */
final class QuietHealth implements BeforeAllCallback, AfterAllCallback {
  private static final Logger HEALTH = Logger.getLogger("dev.caravan.health");
  private @Nullable Level before;

  @Override
  public void beforeAll(ExtensionContext context) {
    before = HEALTH.getLevel();
    HEALTH.setLevel(Level.OFF);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    HEALTH.setLevel(before);
  }
}
