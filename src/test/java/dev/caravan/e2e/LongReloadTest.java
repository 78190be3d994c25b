package dev.caravan.e2e;

import org.junit.jupiter.api.Tag;

/** The same with five hundred changes under fifty clients. */
@Tag("chaos")
class LongReloadTest extends ReloadUnderLoadTest {
  @Override
  int clients() {
    return 50;
  }

  @Override
  int requests() {
    return 50_000;
  }

  @Override
  int reloads() {
    return 500;
  }
}
