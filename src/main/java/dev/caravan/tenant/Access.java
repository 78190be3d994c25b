package dev.caravan.tenant;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Who may ask for inference: keys, tokens, both, or everybody. Safe for any thread. */
public final class Access {
  private final @Nullable Clients clients;
  private final @Nullable TokenChecks tokens;
  private final Map<Denied, LongAdder> denied = new EnumMap<>(Denied.class);

  /**
   * A way in for each that is not null; without any everybody is {@link Client#ANONYMOUS}.
   *
   * @param clients API keys
   * @param tokens an OIDC provider's
   */
  public Access(@Nullable Clients clients, @Nullable TokenChecks tokens) {
    this.clients = clients;
    this.tokens = tokens;
    for (Denied each : Denied.values()) {
      denied.put(each, new LongAdder());
    }
  }

  /** Everybody may. */
  public static Access open() {
    return new Access(null, null);
  }

  /** Whether credentials are asked for. */
  public boolean required() {
    return clients != null || tokens != null;
  }

  /** The operator's tenants and keys, or null where there is no file of them. */
  public @Nullable Clients clients() {
    return clients;
  }

  /**
   * Who shows those credentials.
   *
   * @param shown null for none
   */
  public Standing of(@Nullable Shown shown) {
    if (!required()) {
      return Client.ANONYMOUS;
    }
    Standing who = judged(shown);
    if (who instanceof Denied why) {
      count(why);
    }
    return who;
  }

  /** Somebody was not let in after all, when their token was checked. */
  public void count(Denied why) {
    LongAdder count = denied.get(why);
    if (count != null) {
      count.increment();
    }
  }

  /** How often somebody was not let in, and why. */
  public long denied(Denied why) {
    LongAdder count = denied.get(why);
    return count == null ? 0 : count.sum();
  }

  private Standing judged(@Nullable Shown shown) {
    if (shown == null) {
      return Denied.MISSING;
    }
    Denied wrong = shown.wrong();
    String value = shown.value();
    if (wrong != null || value == null) {
      return wrong == null ? Denied.MISSING : wrong;
    }
    if (tokens != null && TokenChecks.looksLikeToken(value)) {
      return tokens.of(value);
    }
    return clients == null ? Denied.UNKNOWN : clients.of(value);
  }
}
