package dev.caravan.ingress;

import dev.caravan.limit.Account;
import dev.caravan.limit.Reservation;
import dev.caravan.limit.Scope;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The lines that tell a client of its limits, as OpenAI writes them: what they are, what is left,
 * and how long until all of it is there again. Of each kind one is told: the tenant's in this pool,
 * else the tenant's, else the pool's.
 */
final class RateHeaders {
  /** How the names of all such lines begin; a server's own are not for the client then. */
  static final String PREFIX = "x-ratelimit-";

  private static final Scope[] TOLD = {Scope.TENANT_POOL, Scope.TENANT, Scope.POOL};

  private static final long MILLI = 1_000_000;

  private RateHeaders() {}

  static void write(ByteBuf out, Reservation of) {
    long now = of.nowNanos();
    Account requests = counted(of, true);
    if (requests != null) {
      long most = requests.quota().requestsPerMinute();
      write(
          out, "requests", most, requests.remainingRequests(now), requests.requestsFullNanos(now));
    }
    Account tokens = counted(of, false);
    if (tokens != null) {
      long most = tokens.quota().tokensPerMinute();
      write(out, "tokens", most, tokens.remainingTokens(now), tokens.tokensFullNanos(now));
    }
  }

  private static @Nullable Account counted(Reservation of, boolean requests) {
    for (Scope scope : TOLD) {
      Account account = of.account(scope);
      if (limits(account, requests)) {
        return account;
      }
    }
    return null;
  }

  private static boolean limits(@Nullable Account account, boolean requests) {
    return account != null
        && (requests ? account.quota().requestsPerMinute() : account.quota().tokensPerMinute()) > 0;
  }

  private static void write(ByteBuf out, String kind, long most, long remaining, long fullNanos) {
    line(out, "x-ratelimit-limit-", kind, Long.toString(most));
    line(out, "x-ratelimit-remaining-", kind, Long.toString(remaining));
    line(out, "x-ratelimit-reset-", kind, duration(fullNanos));
  }

  /** As {@code 6m0s}, {@code 1.2s}, {@code 17ms}; never less than it is. */
  static String duration(long nanos) {
    long millis = (nanos + MILLI - 1) / MILLI;
    if (millis < 1_000) {
      return millis + "ms";
    }
    if (millis >= 60_000) {
      long seconds = (millis + 999) / 1_000;
      return seconds / 60 + "m" + seconds % 60 + "s";
    }
    long rest = millis % 1_000;
    return rest == 0
        ? millis / 1_000 + "s"
        : millis / 1_000 + "." + Long.toString(1_000 + rest).substring(1) + "s";
  }

  private static void line(ByteBuf out, String name, String kind, String value) {
    out.writeCharSequence(name, StandardCharsets.US_ASCII);
    out.writeCharSequence(kind, StandardCharsets.US_ASCII);
    out.writeCharSequence(": ", StandardCharsets.US_ASCII);
    out.writeCharSequence(value, StandardCharsets.US_ASCII);
    out.writeShort('\r' << 8 | '\n');
  }
}
