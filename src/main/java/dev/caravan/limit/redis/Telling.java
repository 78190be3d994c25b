package dev.caravan.limit.redis;

import dev.caravan.limit.Account;
import dev.caravan.limit.Scope;
import dev.caravan.limit.Told;
import org.jspecify.annotations.Nullable;

/** What is being told of one account. Of the thread that talks to Redis. */
final class Telling {
  /** Where Redis keeps it. */
  final String key;

  /** Of the exchange that told last, or is to be told again. */
  long number;

  /** What was not confirmed yet; null where all was. */
  @Nullable Told untold;

  /** Parts of microseconds that were not told yet. */
  long requestRest;

  long tokenRest;

  /** Whether requests of it ran when it was told last. */
  boolean ran;

  Telling(Account account) {
    key = "caravan:limits:{" + kind(account.scope()) + account.name() + "}";
  }

  private static String kind(Scope scope) {
    return switch (scope) {
      case TENANT -> "t:";
      case TENANT_POOL -> "tp:";
      case POOL -> "p:";
    };
  }
}
