package dev.caravan.tenant;

import dev.caravan.time.WallClock;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What is known of an OIDC provider's tokens. The first time that one is shown it is checked on
 * another thread; later it costs a digest and a look at a table. Safe for any thread.
 */
public final class TokenChecks {
  /** Tokens that are remembered of either kind, some 20 MB at most. Chosen without experiment. */
  private static final int MOST = 20_000;

  /** How long a token that was refused need not be checked again; chosen without experiment. */
  private static final long REFUSED_MILLIS = 10_000;

  private static final int LONGEST = 16 * 1024;

  /** How a token is checked, with all that this takes; may wait. */
  @FunctionalInterface
  public interface Check {
    /** Whose it is and until when, or why it is nobody's. */
    Checked check(String token);
  }

  /**
   * What came of a check.
   *
   * @param untilMillis how long it holds, in milliseconds since 1970; 0 where nothing says so: for
   *     some seconds, where it is nobody's
   */
  public record Checked(Standing who, long untilMillis) {}

  private final Check check;
  private final Executor thread;
  private final WallClock clock;
  private final Recent good = new Recent(MOST);
  private final Recent bad = new Recent(MOST);
  private final ConcurrentHashMap<Digest, Pending> running = new ConcurrentHashMap<>();

  /** How often the good ones were forgotten: a check that began before knows what held then. */
  private final AtomicInteger generation = new AtomicInteger();

  /**
   * Checks that nobody has asked for yet.
   *
   * @param thread where they are made; refuses what it has no room for
   */
  public TokenChecks(Check check, Executor thread, WallClock clock) {
    this.check = check;
    this.thread = thread;
    this.clock = clock;
  }

  /** Whether it may be a signed token: a header in Base64 of JSON, and two dots. */
  static boolean looksLikeToken(String value) {
    int first = value.indexOf('.');
    return value.startsWith("eyJ") && first > 0 && value.indexOf('.', first + 1) > 0;
  }

  Standing of(String token) {
    if (token.length() > LONGEST) {
      return Denied.MALFORMED;
    }
    Digest digest = Digest.of(token);
    long now = clock.epochMillis();
    Checked known = good.get(digest);
    if (known != null) {
      return known.untilMillis() > now ? known.who() : Denied.EXPIRED;
    }
    Checked refused = bad.get(digest);
    if (refused != null && refused.untilMillis() > now) {
      return refused.who();
    }
    Pending mine = new Pending();
    Pending other = running.putIfAbsent(digest, mine);
    if (other != null) {
      return other;
    }
    try {
      thread.execute(() -> run(digest, token, mine));
    } catch (RejectedExecutionException full) {
      running.remove(digest, mine);
      mine.found(Denied.UNCHECKED); // somebody may wait for it already
      return Denied.UNCHECKED;
    }
    return mine;
  }

  private void run(Digest digest, String token, Pending waiting) {
    Standing who = Denied.UNCHECKED;
    int began = generation.get();
    try {
      Checked result = check.check(token);
      who = result.who();
      if (who instanceof Client) {
        good.put(digest, result);
        if (generation.get() != began) {
          good.clear();
        }
      } else if (who != Denied.UNCHECKED) {
        long until = result.untilMillis();
        bad.put(digest, new Checked(who, until > 0 ? until : clock.epochMillis() + REFUSED_MILLIS));
      }
    } finally {
      running.remove(digest, waiting);
      waiting.found(who);
    }
  }

  /** Forgets the good ones: what holds of their tenants has changed. */
  public void forget() {
    generation.incrementAndGet();
    good.clear();
  }

  /** What was put lately: the last {@code most} at least, twice as many at most. */
  private static final class Recent {
    private final int most;
    private volatile ConcurrentHashMap<Digest, Checked> young = new ConcurrentHashMap<>();
    private volatile ConcurrentHashMap<Digest, Checked> old = new ConcurrentHashMap<>();

    Recent(int most) {
      this.most = most;
    }

    @Nullable Checked get(Digest digest) {
      ConcurrentHashMap<Digest, Checked> now = young;
      Checked known = now.get(digest);
      if (known == null) {
        known = old.get(digest);
        if (known != null) {
          put(now, digest, known);
        }
      }
      return known;
    }

    void put(Digest digest, Checked what) {
      put(young, digest, what);
    }

    /** Into that map, even where it was replaced since: what was cleared must not come back. */
    private void put(ConcurrentHashMap<Digest, Checked> into, Digest digest, Checked what) {
      into.put(digest, what);
      if (into.size() > most) {
        turn();
      }
    }

    private synchronized void turn() {
      if (young.size() > most) {
        old = young;
        young = new ConcurrentHashMap<>();
      }
    }

    synchronized void clear() {
      old = new ConcurrentHashMap<>();
      young = new ConcurrentHashMap<>();
    }
  }
}
