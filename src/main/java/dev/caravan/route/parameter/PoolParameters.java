package dev.caravan.route.parameter;

import dev.caravan.fleet.PoolPolicy;
import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.PoolPolicy.Ejection;
import dev.caravan.fleet.PoolPolicy.Hedge;
import dev.caravan.fleet.PoolPolicy.Queue;
import dev.caravan.fleet.PoolPolicy.Recovery;
import dev.caravan.fleet.Timeouts;
import dev.caravan.tenant.Quota;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code pool:} consumer says about itself. Immutable.
 *
 * @param name the model name that it answers for
 * @param aliases further names that it answers for
 * @param policy everything else
 */
public record PoolParameters(String name, List<String> aliases, PoolPolicy policy) {
  private static final Parameter.Type PERCENT = new Parameter.Whole(0, 100);
  private static final Parameter.Type TIME = new Parameter.Duration();

  /** The table: everything a {@code pool:} endpoint takes. */
  public static final List<Parameter> TABLE =
      List.of(
          row("aliases", new Parameter.Names(), "none", "Further model names to answer for."),
          row("connectTimeout", TIME, "2s", "Until a connection stands, TLS included."),
          row(
              "firstTokenTimeout",
              TIME,
              "120s",
              "From the start of an attempt to the first byte of the answer's body."),
          row("betweenTokensTimeout", TIME, "60s", "Silence between two parts of an answer."),
          row("totalTimeout", TIME, "30m", "The whole attempt."),
          row(
              "attempts",
              new Parameter.Whole(1, 20),
              "caravan.attempts",
              "The most servers that a request is sent to before its client learns of a failure."),
          row(
              "retryBudget",
              PERCENT,
              "20",
              "Retries for every hundred live requests; those over it wait for their turn."),
          row(
              "hedge",
              new Parameter.DurationOr("off", "p95"),
              "off",
              "How long a first token may take before a second server is asked as well: a fixed"
                  + " time, or the pool's own 95th percentile."),
          row(
              "hedgeBudget",
              new Parameter.Whole(1, 100),
              "5",
              "Extra requests for every hundred that hedging may cost."),
          row(
              "ping",
              new Parameter.DurationOr("off"),
              "off",
              "Silence on a stream after which the client gets a comment, which keeps the"
                  + " connection open."),
          row(
              "resume",
              new Parameter.Word("on", "off"),
              "off",
              "Whether a stream that broke off goes on at another server."),
          row(
              "slowStart",
              new Parameter.DurationOr("off"),
              "10s",
              "How long the share of a server grows that is back."),
          row(
              "warmUp",
              new Parameter.Whole(0, 100),
              "0",
              "Prompts that such a server must answer before it gets traffic."),
          row(
              "ejectAfter",
              new Parameter.Whole(0, 1_000),
              "5",
              "Failed requests in a row that take a server out; 0 for never."),
          row(
              "ejectionTime",
              TIME,
              "10s",
              "How long it is out the first time; twice as long each further time."),
          row(
              "maxEjected",
              PERCENT,
              "50",
              "The most of the pool, in percent, that failed requests may take out."),
          row(
              "panic",
              PERCENT,
              "10",
              "Below this share of usable servers, in percent, ejected ones are used as well."),
          row(
              "affinity",
              new Parameter.Word("soft", "strict", "off"),
              "off",
              "Whether a conversation stays at one server: soft lets it go elsewhere when that is"
                  + " full or out, strict answers with an error."),
          row(
              "affinityBound",
              new Parameter.Whole(100, 1_000),
              "125",
              "How much of an even share of the load, in percent, a server may hold before its"
                  + " conversations go elsewhere."),
          row(
              "requestsPerMinute",
              new Parameter.Whole(0, 100_000_000),
              "0",
              "Requests of all clients a minute; 0 for no limit."),
          row(
              "tokensPerMinute",
              new Parameter.Whole(0, 2_000_000_000),
              "0",
              "Tokens of all clients a minute, of prompts and answers; 0 for no limit."),
          row(
              "concurrentRequests",
              new Parameter.Whole(0, 1_000_000),
              "0",
              "Requests of all clients at a time; 0 for no limit."),
          row(
              "maxQueue",
              new Parameter.Whole(0, 100_000),
              "0",
              "Requests that may wait where all servers hold as many as they may; 0 for none."),
          row("maxQueueWait", TIME, "30s", "The longest that a request waits so."));

  private static Parameter row(String name, Parameter.Type type, String otherwise, String meaning) {
    return new Parameter(name, type, otherwise, meaning);
  }

  public PoolParameters {
    aliases = List.copyOf(aliases);
  }

  /** The pool's name in a {@code pool:} URI, or null where the URI has another scheme. */
  public static @Nullable String nameOf(String uri) {
    return EndpointName.in(uri, "pool");
  }

  /**
   * What the parameters of an endpoint say.
   *
   * @param given values by name, placeholders resolved
   * @throws IllegalArgumentException with what is wrong, starting with {@code pool:name}
   */
  public static PoolParameters read(String name, Map<String, String> given) {
    if (!EndpointName.pool(name)) {
      throw new IllegalArgumentException(
          "pool:" + name + ": \"" + name + "\" is not " + EndpointName.POOL_ACCEPTED);
    }
    List<String> problems = Parameter.problems(given, TABLE);
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException("pool:" + name + ": " + String.join("; ", problems));
    }
    return new PoolParameters(name, split(given.getOrDefault("aliases", "")), policy(given));
  }

  private static PoolPolicy policy(Map<String, String> given) {
    PoolPolicy otherwise = PoolPolicy.DEFAULT;
    return new PoolPolicy(
        timeouts(given),
        whole(given, "attempts", PoolPolicy.UNSAID),
        whole(given, "retryBudget", otherwise.retryBudgetPercent()),
        hedge(given),
        millis(given, "ping", otherwise.pingMillis()),
        given.getOrDefault("resume", "off").equals("on"),
        new Recovery(
            millis(given, "slowStart", otherwise.recovery().slowStartMillis()),
            whole(given, "warmUp", otherwise.recovery().warmUpPrompts())),
        new Ejection(
            whole(given, "ejectAfter", otherwise.ejection().consecutiveFailures()),
            millis(given, "ejectionTime", otherwise.ejection().baseMillis()),
            whole(given, "maxEjected", otherwise.ejection().maxPercent())),
        whole(given, "panic", otherwise.panicPercent()),
        new Affinity(
            Affinity.Stickiness.valueOf(
                given.getOrDefault("affinity", "off").toUpperCase(Locale.ROOT)),
            whole(given, "affinityBound", otherwise.affinity().boundPercent())),
        new Quota(
            whole(given, "requestsPerMinute", 0),
            whole(given, "tokensPerMinute", 0),
            whole(given, "concurrentRequests", 0),
            0),
        new Queue(
            whole(given, "maxQueue", 0),
            millis(given, "maxQueueWait", otherwise.queue().waitMillis())));
  }

  /** The timeouts among the parameters of an endpoint, {@code pool:} or {@code model:}. */
  static Timeouts timeouts(Map<String, String> given) {
    return new Timeouts(
        millis(given, "connectTimeout", 0),
        millis(given, "firstTokenTimeout", 0),
        millis(given, "betweenTokensTimeout", 0),
        millis(given, "totalTimeout", 0));
  }

  private static Hedge hedge(Map<String, String> given) {
    int budget = whole(given, "hedgeBudget", Hedge.OFF.budgetPercent());
    return switch (given.getOrDefault("hedge", "off")) {
      case "off" -> new Hedge(Hedge.Mode.OFF, 0, budget);
      case "p95" -> new Hedge(Hedge.Mode.P95, 0, budget);
      default -> new Hedge(Hedge.Mode.FIXED, millis(given, "hedge", 0), budget);
    };
  }

  private static int whole(Map<String, String> given, String name, int otherwise) {
    String text = given.get(name);
    return text == null ? otherwise : Integer.parseInt(text);
  }

  /** A length of time; {@code off} is 0. */
  private static long millis(Map<String, String> given, String name, long otherwise) {
    String text = given.get(name);
    return text == null ? otherwise : Durations.millis(text).orElse(0);
  }

  /** The names in a comma-separated list. */
  public static List<String> split(String text) {
    return text.isBlank() ? List.of() : Arrays.stream(text.split(",")).map(String::strip).toList();
  }
}
