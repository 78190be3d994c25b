package dev.caravan.crash;

/** Twenty kills with each broker; {@code -Pchaos} has a hundred. */
class JobCrashTest extends Crashes {
  JobCrashTest() {
    super(3_000, 20);
  }
}
