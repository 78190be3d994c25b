package dev.caravan.ingress;

import dev.caravan.limit.Account;
import dev.caravan.limit.Reservation;
import dev.caravan.limit.Scope;
import dev.caravan.upstream.ResponseHead;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The lines that tell a client of its limits, as OpenAI writes them: what they are, what is left,
 * and how long until all of it is there again. Of each kind one is told: the tenant's in this pool,
 * else the tenant's, else the pool's.
 */
final class RateHeaders {
  /** The most bytes that {@link #write} appends: six lines of 30, and a number of 19 digits. */
  static final int MOST_BYTES = 6 * 52;

  private static final Scope[] TOLD = {Scope.TENANT_POOL, Scope.TENANT, Scope.POOL};

  private static final long MILLI = 1_000_000;
  private static final Lines REQUESTS = new Lines("requests");
  private static final Lines TOKENS = new Lines("tokens");

  /** The lines of one kind as far as they are always the same, each from the end of the last. */
  private static final class Lines {
    private final byte[] limit;
    private final byte[] remaining;
    private final byte[] reset;

    Lines(String kind) {
      limit = line("", "limit", kind);
      remaining = line("\r\n", "remaining", kind);
      reset = line("\r\n", "reset", kind);
    }

    private static byte[] line(String before, String what, String kind) {
      return (before + ResponseHead.RATES + what + "-" + kind + ": ")
          .getBytes(StandardCharsets.US_ASCII);
    }
  }

  private RateHeaders() {}

  static void write(ByteBuf out, Reservation of) {
    byte[] lines = new byte[MOST_BYTES];
    int end = 0;
    long now = of.nowNanos();
    Account requests = counted(of, true);
    if (requests != null) {
      long most = requests.quota().requestsPerMinute();
      long left = requests.remainingRequests(now);
      end = put(lines, end, REQUESTS, most, left, requests.requestsFullNanos(now));
    }
    Account tokens = counted(of, false);
    if (tokens != null) {
      long most = tokens.quota().tokensPerMinute();
      long left = tokens.remainingTokens(now);
      end = put(lines, end, TOKENS, most, left, tokens.tokensFullNanos(now));
    }
    out.writeBytes(lines, 0, end);
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

  private static int put(byte[] to, int from, Lines of, long most, long remaining, long fullNanos) {
    int at = Decimal.put(to, put(to, from, of.limit), most);
    at = Decimal.put(to, put(to, at, of.remaining), remaining);
    at = duration(to, put(to, at, of.reset), fullNanos);
    to[at++] = '\r';
    to[at++] = '\n';
    return at;
  }

  private static int put(byte[] to, int at, byte[] text) {
    System.arraycopy(text, 0, to, at, text.length);
    return at + text.length;
  }

  /**
   * Puts a duration as {@code 6m0s}, {@code 1.200s}, {@code 17ms}, which is never less than it is.
   *
   * @return behind its end
   */
  static int duration(byte[] to, int from, long nanos) {
    int at = from;
    long millis = (nanos + MILLI - 1) / MILLI;
    if (millis < 1_000) {
      at = Decimal.put(to, at, millis);
      to[at++] = 'm';
    } else if (millis >= 60_000) {
      long seconds = (millis + 999) / 1_000;
      at = Decimal.put(to, at, seconds / 60);
      to[at++] = 'm';
      at = Decimal.put(to, at, seconds % 60);
    } else {
      at = Decimal.put(to, at, millis / 1_000);
      int rest = (int) (millis % 1_000);
      if (rest > 0) {
        to[at++] = '.';
        to[at++] = (byte) ('0' + rest / 100);
        to[at++] = (byte) ('0' + rest / 10 % 10);
        to[at++] = (byte) ('0' + rest % 10);
      }
    }
    to[at++] = 's';
    return at;
  }
}
