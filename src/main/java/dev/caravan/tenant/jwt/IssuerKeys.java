package dev.caravan.tenant.jwt;

import dev.caravan.time.Ticker;
import java.io.IOException;
import java.security.Key;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.VerificationJwkSelector;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwx.JsonWebStructure;
import org.jose4j.keys.resolvers.VerificationKeyResolver;
import org.jose4j.lang.JoseException;
import org.jose4j.lang.UnresolvableKeyException;
import org.jspecify.annotations.Nullable;

/**
 * The keys that an issuer has published, as far as they are known here. They are asked for when
 * they are old, or when a token names one that is new; never twice within {@link #PAUSE_NANOS},
 * whatever tokens say and however the issuer fails. While it is away, what was known of it holds
 * for a day. For one thread, which may wait.
 */
final class IssuerKeys implements VerificationKeyResolver {
  private static final Logger LOG = Logger.getLogger(IssuerKeys.class);

  /** From one question to the next, whatever came of the first. */
  static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** A key that the issuer has taken back counts for so long at most. */
  static final long OLD_NANOS = TimeUnit.MINUTES.toNanos(10);

  /** The same while the issuer is away. */
  static final long IN_NEED_NANOS = TimeUnit.HOURS.toNanos(24);

  /** Where keys come from. */
  @FunctionalInterface
  interface Source {
    /** The keys that are published now; may wait. */
    List<JsonWebKey> fetch() throws IOException;
  }

  private final Source source;
  private final String issuer;
  private final Ticker ticker;
  private final VerificationJwkSelector selector = new VerificationJwkSelector();
  private @Nullable List<JsonWebKey> keys;
  private long fetchedNanos;
  private boolean asked;
  private long askedNanos;
  private @Nullable IOException failure;
  private boolean unknown;

  /** Keys that nobody has asked for yet. */
  IssuerKeys(Source source, String issuer, Ticker ticker) {
    this.source = source;
    this.issuer = issuer;
    this.ticker = ticker;
  }

  @Override
  public Key resolveKey(JsonWebSignature token, List<JsonWebStructure> nesting)
      throws UnresolvableKeyException {
    List<JsonWebKey> known = known();
    try {
      JsonWebKey key = selector.select(token, known);
      if (key == null && mayAsk()) {
        ask();
        known = known();
        key = selector.select(token, known);
      }
      if (key != null) {
        return key.getKey();
      }
    } catch (JoseException e) {
      throw new UnresolvableKeyException("no key of the issuer fits", e);
    }
    unknown = true;
    throw new UnresolvableKeyException("no key of the issuer fits");
  }

  /** Asks for them where they are not known yet; for a start that warns early. */
  void warm() {
    if (keys == null && mayAsk()) {
      ask();
    }
  }

  /**
   * The nanoseconds until the issuer may be asked again for a key that the last token named and
   * nobody knows; 0 where it was not for that. Says it once.
   */
  long unknownForNanos() {
    boolean last = unknown;
    unknown = false;
    return last ? Math.max(1, askedNanos + PAUSE_NANOS - ticker.nanos()) : 0;
  }

  private List<JsonWebKey> known() throws UnresolvableKeyException {
    if ((keys == null || age() >= OLD_NANOS) && mayAsk()) {
      ask();
    }
    List<JsonWebKey> now = keys;
    if (now == null || age() >= IN_NEED_NANOS) {
      throw new UnresolvableKeyException("the issuer's keys are not to be had", failure);
    }
    return now;
  }

  private long age() {
    return ticker.nanos() - fetchedNanos;
  }

  private boolean mayAsk() {
    return !asked || ticker.nanos() - askedNanos >= PAUSE_NANOS;
  }

  private void ask() {
    asked = true;
    try {
      List<JsonWebKey> now = source.fetch();
      if (failure != null) {
        LOG.infof("The keys of %s are to be had again", issuer);
      }
      keys = List.copyOf(now);
      fetchedNanos = ticker.nanos();
      failure = null;
    } catch (IOException e) {
      if (failure == null) {
        LOG.warnf(
            "The keys of %s are not to be had: %s; %s",
            issuer,
            e.getMessage(),
            keys == null ? "no token can be checked" : "those that are known hold for a day");
      }
      failure = e;
    } finally {
      // From its end: a question that waited long must not be followed by the next at once.
      askedNanos = ticker.nanos();
    }
  }
}
