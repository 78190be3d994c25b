package dev.caravan.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All of the gateway at one moment. Immutable. A number that nobody knows is null, never 0. Rates
 * are those of the last five seconds, percentiles and ratios those of the last thirty.
 *
 * @param at when, in milliseconds since 1970
 * @param user who asks
 * @param changes newest first
 */
public record Overview(
    long at,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable User user,
    Gateway gateway,
    List<Ingress> ingress,
    List<PoolNow> pools,
    List<ServerNow> servers,
    LimitsNow limits,
    List<RouteFileList.File> routes,
    List<Changes.Change> changes) {

  /** Who asks, and what they may do: {@code viewer} and {@code operator}. */
  public record User(String name, List<String> roles) {}

  /**
   * The gateway itself.
   *
   * @param errorsPerSecond requests that ended with a 5xx
   * @param shedPerSecond requests and connections that it turned away because it was overloaded
   */
  public record Gateway(
      String version,
      long uptimeSeconds,
      boolean ready,
      boolean draining,
      @Nullable Double requestsPerSecond,
      long inflight,
      int connections,
      @Nullable Double errorsPerSecond,
      @Nullable Double shedPerSecond,
      double loopLagSeconds) {}

  /**
   * A way in.
   *
   * @param name {@code http}, or {@code jobs:NAME}
   * @param held of a queue: jobs that were taken and are not over
   * @param paused of a queue: whether no more are taken for now
   */
  public record Ingress(
      String name,
      @Nullable Double perSecond,
      long inflight,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Long held,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Boolean paused) {}

  /**
   * A pool.
   *
   * @param servers their names, in the order of the route
   * @param queue null where its route lets nobody wait
   */
  public record PoolNow(
      String name,
      List<String> aliases,
      @Nullable Double requestsPerSecond,
      @Nullable Double tokensPerSecond,
      @Nullable Double errorsPerSecond,
      @Nullable Double retriesPerSecond,
      long inflight,
      @Nullable Double ttftP50Seconds,
      @Nullable Double ttftP95Seconds,
      @Nullable Double prefixHitRatio,
      List<String> servers,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable QueueNow queue) {}

  /**
   * Those who wait for room in a pool.
   *
   * @param most how many may
   * @param expectedSeconds how long a request that comes now is likely to wait
   */
  public record QueueNow(int waiting, int most, @Nullable Double expectedSeconds) {}

  /**
   * A model server.
   *
   * @param state what health believes of it: docs/health.md
   * @param since since when, in milliseconds since 1970
   * @param breaker {@code closed}, {@code open} or {@code half_open}; null where no route guards it
   * @param maxInflight null for no limit
   * @param weight its weight now, whoever set it
   * @param share how much of its fair share it is to get, above 0 and up to 1
   * @param drained whether it is draining and empty
   * @param promptTokens input tokens since the start, as far as it told
   * @param override what an operator has set; null where nothing is
   */
  public record ServerNow(
      String name,
      String url,
      List<String> pools,
      String state,
      @Nullable String reason,
      long since,
      @Nullable String breaker,
      int inflight,
      @Nullable Integer maxInflight,
      int weight,
      double share,
      boolean drained,
      @Nullable Long promptTokens,
      @Nullable Long outputTokens,
      @Nullable Double requestsPerSecond,
      @Nullable Double tokensPerSecond,
      @Nullable Double failuresPerSecond,
      @Nullable Double ttftP50Seconds,
      @Nullable Double ttftP95Seconds,
      @Nullable Double prefixHitRatio,
      @Nullable OverrideNow override) {}

  /**
   * What tenants and pools have used of their limits.
   *
   * @param accounts how many have used something
   * @param nearest of these, those nearest to a limit first: twenty at most
   */
  public record LimitsNow(int accounts, List<LimitResource.Use> nearest) {}

  /**
   * What an operator has set of a server.
   *
   * @param weight null for the route's
   * @param by who set it last
   * @param at when, in milliseconds since 1970
   */
  public record OverrideNow(
      boolean drain, boolean eject, @Nullable Integer weight, String by, long at) {}
}
