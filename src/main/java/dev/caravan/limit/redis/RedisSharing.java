package dev.caravan.limit.redis;

import dev.caravan.limit.Account;
import dev.caravan.limit.Heard;
import dev.caravan.limit.Ledger;
import dev.caravan.limit.Told;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Tells the other gateways, through Redis, what was used here, and hears from it what was used
 * everywhere: again and again, on a thread of its own. Requests never wait for it. They are
 * admitted by what was heard last and what was used here since; what was admitted too much is a
 * debt, so that over time the limits hold.
 *
 * <p>While Redis is away, each gateway goes by what it knows itself, and tells the rest later.
 */
public final class RedisSharing implements AutoCloseable {
  /* Exactly once
   *
   * An exchange of which no answer came may have counted or not. It is said again with the same
   * number and the same amounts until it is answered, and what was used meanwhile waits for the next
   * number. Numbers grow, and the script lets only a larger one than the last count: one that the
   * network delivers late comes to nothing.
   */

  private static final Logger LOG = Logger.getLogger(RedisSharing.class);

  /** Accounts in one go, so that no answer of Redis takes long. */
  private static final int BATCH = 200;

  /** An account that was not used for so long is not asked about: its buckets are full again. */
  private static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(2);

  /** How long, at least, a gateway that says nothing is thought to run what it ran. */
  private static final long HOLDS_MICROS = TimeUnit.SECONDS.toMicros(10);

  /** Exchanges that may fail to come before that. */
  private static final int MISSED = 5;

  /** The longest pause between two attempts while Redis is away. */
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Ledger ledger;
  private final URI url;
  private final int timeoutMillis;
  private final String gateway;
  private final Ticker ticker;
  private final WallClock clock;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread made = new Thread(work, "caravan-limits");
            made.setDaemon(true);
            return made;
          });
  private final LongAdder failures = new LongAdder();
  private volatile boolean connected;
  private volatile long holdsMicros = HOLDS_MICROS;

  // ---- of the thread
  private final Map<Account, Telling> tellings = new HashMap<>();
  private @Nullable Jedis redis;
  private String script = "";
  private long numbers;
  private boolean complained;
  private long pauseNanos;
  private long notBeforeNanos;

  /**
   * Shares nothing yet.
   *
   * @param url as {@code redis://user:password@host:6379/0}, or {@code rediss:} for TLS
   * @param gateway which gateway this is, unlike all others; of letters and digits
   */
  public RedisSharing(
      Ledger ledger, URI url, int timeoutMillis, String gateway, Ticker ticker, WallClock clock) {
    this.ledger = ledger;
    this.url = url;
    this.timeoutMillis = timeoutMillis;
    this.gateway = gateway;
    this.ticker = ticker;
    this.clock = clock;
    this.notBeforeNanos = ticker.nanos();
  }

  /** Begins, with so long between two exchanges. */
  public void start(long intervalMillis) {
    holdsMicros = Math.max(HOLDS_MICROS, TimeUnit.MILLISECONDS.toMicros(MISSED * intervalMillis));
    thread.scheduleWithFixedDelay(this::exchange, 0, intervalMillis, TimeUnit.MILLISECONDS);
  }

  /** Whether the last exchange came to an end. */
  public boolean connected() {
    return connected;
  }

  /** Exchanges that came to nothing. */
  public long failures() {
    return failures.sum();
  }

  // ---- on the thread

  private void exchange() {
    if (ticker.nanos() - notBeforeNanos < 0) {
      return;
    }
    try {
      Jedis server = server();
      List<Account> accounts = accounts();
      for (int from = 0; from < accounts.size(); from += BATCH) {
        exchange(server, accounts.subList(from, Math.min(accounts.size(), from + BATCH)));
      }
      if (accounts.isEmpty()) {
        server.ping();
      }
      succeeded();
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  private Jedis server() {
    Jedis known = redis;
    if (known != null) {
      return known;
    }
    Jedis made = new Jedis(url, timeoutMillis, timeoutMillis);
    try {
      script = made.scriptLoad(Script.TEXT);
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
    redis = made;
    return made;
  }

  /** Those of which something is to be told or heard. */
  private List<Account> accounts() {
    Set<Account> all = ledger.accounts().collect(Collectors.toSet());
    tellings.keySet().retainAll(all);
    long now = ticker.nanos();
    return all.stream()
        .filter(
            each -> {
              Telling telling = tellings.get(each);
              return each.unusedNanos(now) < IDLE_NANOS
                  || each.runningHere() > 0
                  || (telling != null && (telling.untold != null || telling.ran));
            })
        .toList();
  }

  private void exchange(Jedis server, List<Account> accounts) {
    List<Response<Object>> answers = new ArrayList<>(accounts.size());
    long wall = clock.epochMillis();
    try (Pipeline pipeline = server.pipelined()) {
      for (Account account : accounts) {
        Telling telling = tellings.computeIfAbsent(account, Telling::new);
        answers.add(pipeline.evalsha(script, List.of(telling.key), words(account, telling, wall)));
      }
      pipeline.sync();
    }
    for (int i = 0; i < accounts.size(); i++) {
      Account account = accounts.get(i);
      heard(account, (List<?>) answers.get(i).get(), wall);
    }
  }

  private List<String> words(Account account, Telling telling, long wall) {
    Told told = telling.untold;
    if (told == null) {
      Told fresh = account.tell(wall);
      long requests = fresh.requestNanos() + telling.requestRest;
      long tokens = fresh.tokenNanos() + telling.tokenRest;
      told = new Told(requests / 1_000, tokens / 1_000, fresh.month(), fresh.monthTokens());
      telling.requestRest = requests % 1_000;
      telling.tokenRest = tokens % 1_000;
      telling.untold = told;
      telling.number = ++numbers;
    }
    int running = account.runningHere();
    telling.ran = running > 0;
    return List.of(
        Long.toString(told.requestNanos()),
        Long.toString(told.tokenNanos()),
        told.month(),
        Long.toString(told.monthTokens()),
        gateway,
        Long.toString(telling.number),
        Integer.toString(running),
        Long.toString(holdsMicros));
  }

  private void heard(Account account, List<?> answer, long wall) {
    Telling telling = tellings.get(account);
    if (telling != null) {
      telling.untold = null;
    }
    account.heard(
        new Heard(
            number(answer.get(0)) * 1_000,
            number(answer.get(1)) * 1_000,
            String.valueOf(answer.get(2)),
            number(answer.get(3)),
            (int) number(answer.get(4))),
        ticker.nanos(),
        wall);
  }

  private static long number(Object text) {
    return Long.parseLong(String.valueOf(text));
  }

  private void succeeded() {
    pauseNanos = 0;
    if (!connected) {
      connected = true;
      LOG.infof("Limits are shared through Redis at %s", place());
    }
    complained = false;
  }

  private void failed(RuntimeException why) {
    failures.increment();
    connected = false;
    drop();
    // What the others run cannot be known: better one too many than none.
    ledger.accounts().forEach(Account::deaf);
    pauseNanos = Math.min(LONGEST_PAUSE_NANOS, Math.max(250_000_000, 2 * pauseNanos));
    notBeforeNanos = ticker.nanos() + pauseNanos;
    if (!complained) {
      complained = true;
      boolean known = why instanceof JedisException;
      LOG.warnf(
          known ? null : why,
          "Redis at %s is away: limits go by what this gateway alone admits until it is back: %s",
          place(),
          reason(why));
    }
  }

  private static String reason(Throwable why) {
    Throwable cause = why;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getClass().getSimpleName() + ": " + cause.getMessage();
  }

  /** Without what it takes to log in. */
  private String place() {
    return url.getHost() + ":" + url.getPort();
  }

  private void drop() {
    Jedis known = redis;
    redis = null;
    if (known != null) {
      try {
        known.close();
      } catch (RuntimeException e) {
        LOG.debug("The connection to Redis did not close", e);
      }
    }
  }

  /** Tells what is left to tell, and stops; waits no longer than that may take. */
  @Override
  public void close() {
    if (thread.isShutdown()) {
      return;
    }
    thread.execute(
        () -> {
          exchange();
          drop();
        });
    thread.shutdown();
    try {
      if (!thread.awaitTermination(2L * timeoutMillis, TimeUnit.MILLISECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
