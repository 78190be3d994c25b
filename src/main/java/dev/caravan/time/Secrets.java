package dev.caravan.time;

import java.security.SecureRandom;

/**
 * Random bytes that nobody can predict, unlike those of {@link Chance}. Safe for any thread.
 *
 * <p>For what is drawn seldom, such as the id in a new cookie: the system's source takes a lock for
 * a microsecond. On Linux it reads {@code /dev/urandom}, which never waits.
 */
@FunctionalInterface
public interface Secrets {

  /** Fills all of the array. */
  void fill(byte[] bytes);

  /** The machine's own. */
  static Secrets system() {
    return new SecureRandom()::nextBytes;
  }
}
