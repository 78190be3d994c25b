package dev.caravan.crash;

import org.junit.jupiter.api.Tag;

/** A hundred kills with each broker. */
@Tag("chaos")
class LongJobCrashTest extends Crashes {
  LongJobCrashTest() {
    super(10_000, 100);
  }
}
