package dev.caravan.fleet;

import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a route says about one model server. Immutable; validated where it is read.
 *
 * @param name unique in the fleet; goes into logs, metrics and {@code x-caravan-backend}
 * @param url scheme, host and port, and a path prefix where the server has one; {@code http} or
 *     {@code https}
 * @param weight its share beside its siblings, from 1 to 256
 * @param maxInflight the most requests it may hold at once, from 1; {@link #UNLIMITED} by default
 * @param model the name by which the server knows the model; null for the pool's own
 * @param apiKey the credential sent to it as {@code Authorization: Bearer}; null for none
 * @param zone where it stands; null where nobody said
 * @param labels free-form labels
 * @param cacheTokens the size of its prefix cache, in tokens, from 1; {@link #UNKNOWN} where nobody
 *     said
 * @param forwardsCredentials whether it gets the credentials that clients show, and no key of the
 *     gateway's
 */
public record BackendSpec(
    String name,
    URI url,
    int weight,
    int maxInflight,
    @Nullable String model,
    @Nullable Secret apiKey,
    @Nullable String zone,
    Map<String, String> labels,
    int cacheTokens,
    boolean forwardsCredentials) {

  /** No limit of its own. */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /** Nobody said. */
  public static final int UNKNOWN = -1;

  public BackendSpec {
    labels = Map.copyOf(labels);
    if (forwardsCredentials && apiKey != null) {
      throw new IllegalArgumentException(name + " would get two credentials");
    }
  }

  /** A server of whose prefix cache nobody says the size. */
  public BackendSpec(
      String name,
      URI url,
      int weight,
      int maxInflight,
      @Nullable String model,
      @Nullable Secret apiKey,
      @Nullable String zone,
      Map<String, String> labels) {
    this(name, url, weight, maxInflight, model, apiKey, zone, labels, UNKNOWN, false);
  }

  /** The same with another weight. */
  public BackendSpec withWeight(int other) {
    return new BackendSpec(
        name,
        url,
        other,
        maxInflight,
        model,
        apiKey,
        zone,
        labels,
        cacheTokens,
        forwardsCredentials);
  }

  /** A server with default weight, no limit, and nothing else said. */
  public static BackendSpec of(String name, URI url) {
    return new BackendSpec(name, url, 1, UNLIMITED, null, null, null, Map.of());
  }
}
