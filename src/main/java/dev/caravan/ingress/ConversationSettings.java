package dev.caravan.ingress;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What ingress goes by to know a conversation.
 *
 * @param keys where a key may stand, the first that is there counts: {@code header:NAME}, {@code
 *     cookie}, {@code body:FIELD}, {@code prompt}, {@code address}
 * @param trustedProxies addresses and networks whose word for their client's address counts
 * @param cookie the gateway's own; null where it sets none
 */
public record ConversationSettings(
    List<String> keys, List<String> trustedProxies, @Nullable Cookie cookie) {

  /**
   * The cookie.
   *
   * @param keys what signs it: one secret, or two while they change
   * @param maxAgeSeconds how long browsers keep it; 0 for as long as they run
   */
  public record Cookie(String name, List<String> keys, long maxAgeSeconds) {
    public Cookie {
      keys = List.copyOf(keys);
    }

    /** Without the secrets. */
    @Override
    public String toString() {
      return "Cookie[name=" + name + "]";
    }
  }

  public ConversationSettings {
    keys = List.copyOf(keys);
    trustedProxies = List.copyOf(trustedProxies);
  }
}
