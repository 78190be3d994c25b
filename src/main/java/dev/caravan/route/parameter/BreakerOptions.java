package dev.caravan.route.parameter;

import dev.caravan.health.BreakerSettings;
import dev.caravan.health.BreakerSettings.Window;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.camel.model.Resilience4jConfigurationCommon;
import org.jspecify.annotations.Nullable;

/**
 * The options of {@code resilience4jConfiguration} as Caravan's breaker understands them: which it
 * takes, with their ranges, and why it refuses the others. Nothing is ignored in silence.
 *
 * <p>Durations are whole seconds, as Camel documents them, or texts such as {@code 500ms}.
 */
public final class BreakerOptions {
  /** The options that it takes, as they are spelt in a route. */
  public static final List<String> ACCEPTED =
      List.of(
          "failureRateThreshold",
          "slidingWindowType",
          "slidingWindowSize",
          "minimumNumberOfCalls",
          "waitDurationInOpenState",
          "permittedNumberOfCallsInHalfOpenState",
          "slowCallDurationThreshold",
          "slowCallRateThreshold");

  /** Switches whose given value means nothing else than what the breaker does anyway. */
  private static final Map<String, String> HARMLESS =
      Map.of(
          "bulkheadEnabled", "false",
          "timeoutEnabled", "false",
          "micrometerEnabled", "false",
          "automaticTransitionFromOpenToHalfOpenEnabled", "false",
          "throwExceptionWhenHalfOpenOrOpenState", "true");

  private final Map<String, String> options;
  private final List<String> problems;

  private BreakerOptions(Map<String, String> options, List<String> problems) {
    this.options = options;
    this.problems = problems;
  }

  /**
   * The settings that the options ask for.
   *
   * @param options by name, placeholders resolved
   * @param problems gets one sentence for each option at fault; the settings are the defaults then
   */
  public static BreakerSettings read(Map<String, String> options, List<String> problems) {
    int before = problems.size();
    BreakerSettings read = new BreakerOptions(options, problems).read();
    return problems.size() == before ? read : BreakerSettings.DEFAULT;
  }

  private BreakerSettings read() {
    options.forEach(
        (name, text) -> {
          if (!ACCEPTED.contains(name) && !text.equalsIgnoreCase(HARMLESS.get(name))) {
            problems.add(refusal(name));
          }
        });
    BreakerSettings def = BreakerSettings.DEFAULT;
    String type = options.getOrDefault("slidingWindowType", "COUNT_BASED");
    if (!type.equals("COUNT_BASED") && !type.equals("TIME_BASED")) {
      problems.add("slidingWindowType \"" + type + "\" is not COUNT_BASED or TIME_BASED");
    }
    Window window = type.equals("TIME_BASED") ? Window.SECONDS : Window.CALLS;
    int size = whole("slidingWindowSize", def.windowSize());
    int minimum =
        whole(
            "minimumNumberOfCalls",
            window == Window.CALLS ? Math.min(def.minimumCalls(), size) : def.minimumCalls());
    if (window == Window.CALLS && minimum > size) {
      problems.add(
          "minimumNumberOfCalls \""
              + minimum
              + "\" can never be reached: the window (slidingWindowSize) holds "
              + size
              + " calls");
      return def;
    }
    if (options.containsKey("slowCallRateThreshold")
        && !options.containsKey("slowCallDurationThreshold")) {
      problems.add(
          "slowCallRateThreshold needs slowCallDurationThreshold: no call is slow without");
    }
    return new BreakerSettings(
        window,
        size,
        minimum,
        percent("failureRateThreshold", def.failureRatePercent()),
        millis("waitDurationInOpenState", def.waitOpenMillis()),
        whole("permittedNumberOfCallsInHalfOpenState", def.halfOpenCalls()),
        millis("slowCallDurationThreshold", def.slowMillis()),
        percent("slowCallRateThreshold", def.slowRatePercent()));
  }

  private int whole(String name, int otherwise) {
    String text = options.get(name);
    if (text == null) {
      return otherwise;
    }
    if (text.matches("[1-9]\\d{0,5}")) {
      return Integer.parseInt(text);
    }
    problems.add(name + " \"" + text + "\" is not a whole number from 1 to 999999");
    return otherwise;
  }

  private float percent(String name, float otherwise) {
    String text = options.get(name);
    if (text == null) {
      return otherwise;
    }
    if (text.matches("\\d{1,3}(\\.\\d+)?")) {
      float percent = Float.parseFloat(text);
      if (percent > 0 && percent <= 100) {
        return percent;
      }
    }
    problems.add(name + " \"" + text + "\" is not a percentage above 0 and up to 100");
    return otherwise;
  }

  private long millis(String name, long otherwise) {
    String text = options.get(name);
    if (text == null) {
      return otherwise;
    }
    OptionalLong millis = Durations.millis(text.matches("\\d+") ? text + "s" : text);
    if (millis.isEmpty()) {
      problems.add(
          name + " \"" + text + "\" is not a number of seconds, nor " + Durations.ACCEPTED);
    }
    return millis.orElse(otherwise);
  }

  private static String refusal(String name) {
    if (name.startsWith("bulkhead")) {
      return name + " is not for a breaker that never blocks: limit a server by maxInflight";
    }
    if (name.startsWith("timeout")) {
      return name
          + " is not for a breaker that never blocks: a server has firstTokenTimeout, "
          + "betweenTokensTimeout and totalTimeout";
    }
    return switch (name) {
      case "recordException", "ignoreException" ->
          name + " has no meaning: the breaker learns from how a call ended, not from exceptions";
      case "automaticTransitionFromOpenToHalfOpenEnabled" ->
          name + " must be false: the first request after the wait is the trial";
      case "throwExceptionWhenHalfOpenOrOpenState" ->
          name + " must be true: an open breaker never lets a call succeed in silence";
      case "circuitBreaker", "config" ->
          name + " is not taken: the breaker belongs to the model server, by its name";
      case "micrometerEnabled" -> name + " is not needed: Caravan meters its breakers itself";
      case "writableStackTraceEnabled" -> name + " has no meaning: a refusal has no stack trace";
      default -> {
        String near = Nearest.of(name, ACCEPTED);
        yield name
            + " is unknown"
            + (near == null ? "" : ", did you mean " + near + "?")
            + (near == null ? ", accepted: " + String.join(", ", ACCEPTED) : "");
      }
    };
  }

  /** The options that a definition sets, by their names in a route; placeholders as they are. */
  public static Map<String, String> of(Resilience4jConfigurationCommon from) {
    Map<String, String> set = new LinkedHashMap<>();
    put(set, "failureRateThreshold", from.getFailureRateThreshold());
    put(set, "slidingWindowType", from.getSlidingWindowType());
    put(set, "slidingWindowSize", from.getSlidingWindowSize());
    put(set, "minimumNumberOfCalls", from.getMinimumNumberOfCalls());
    put(set, "waitDurationInOpenState", from.getWaitDurationInOpenState());
    put(
        set,
        "permittedNumberOfCallsInHalfOpenState",
        from.getPermittedNumberOfCallsInHalfOpenState());
    put(set, "slowCallDurationThreshold", from.getSlowCallDurationThreshold());
    put(set, "slowCallRateThreshold", from.getSlowCallRateThreshold());
    put(set, "bulkheadEnabled", from.getBulkheadEnabled());
    put(set, "bulkheadMaxConcurrentCalls", from.getBulkheadMaxConcurrentCalls());
    put(set, "bulkheadMaxWaitDuration", from.getBulkheadMaxWaitDuration());
    put(set, "timeoutEnabled", from.getTimeoutEnabled());
    put(set, "timeoutExecutorService", from.getTimeoutExecutorService());
    put(set, "timeoutDuration", from.getTimeoutDuration());
    put(set, "timeoutCancelRunningFuture", from.getTimeoutCancelRunningFuture());
    put(set, "micrometerEnabled", from.getMicrometerEnabled());
    put(set, "circuitBreaker", from.getCircuitBreaker());
    put(set, "config", from.getConfig());
    put(set, "writableStackTraceEnabled", from.getWritableStackTraceEnabled());
    put(
        set,
        "automaticTransitionFromOpenToHalfOpenEnabled",
        from.getAutomaticTransitionFromOpenToHalfOpenEnabled());
    put(
        set,
        "throwExceptionWhenHalfOpenOrOpenState",
        from.getThrowExceptionWhenHalfOpenOrOpenState());
    put(set, "recordException", joined(from.getRecordExceptions()));
    put(set, "ignoreException", joined(from.getIgnoreExceptions()));
    return set;
  }

  private static @Nullable String joined(List<String> names) {
    return names.isEmpty() ? null : String.join(",", names);
  }

  private static void put(Map<String, String> set, String name, @Nullable String text) {
    if (text != null) {
      set.put(name, text);
    }
  }
}
