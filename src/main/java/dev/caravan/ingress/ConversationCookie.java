package dev.caravan.ingress;

import dev.caravan.time.Secrets;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The cookie by which a browser's requests are known as one conversation: a random id and a tag
 * that proves that a gateway with one of the keys has made it up. It names no server, so that any
 * gateway can read it and no failure makes it wrong. Safe for any thread.
 */
final class ConversationCookie {
  /*
   * 16 random bytes and the first 16 of their HMAC-SHA256 (RFC 2104 allows half of the hash), in
   * base64url: 43 characters. To guess a tag takes 2^127 requests.
   */
  private static final int ID_BYTES = 16;

  private static final int TAG_BYTES = 16;
  private static final int LENGTH = 43;
  private static final String HMAC = "HmacSHA256";

  /** What the tag is for, so that a tag that the key has made for another use is none here. */
  private static final byte[] PURPOSE =
      "caravan conversation cookie 1".getBytes(StandardCharsets.US_ASCII);

  /** A 256-bit key in base64 has 44, in hexadecimal 64; 32 of hexadecimal still have 128 bits. */
  static final int SHORTEST_KEY = 32;

  private final String name;
  private final String attributes;
  private final Secrets secrets;
  private final LongAdder refused = new LongAdder();
  private final FastThreadLocal<Mac[]> macs;

  /**
   * A cookie.
   *
   * @param keys one, or two while keys change: the first signs, both are believed
   * @param maxAgeSeconds how long browsers keep it; 0 for as long as they run
   * @throws IllegalArgumentException where it cannot be made so; the message begins with the
   *     setting's last word, and holds no key
   */
  ConversationCookie(String name, List<String> keys, long maxAgeSeconds, Secrets secrets) {
    if (name.isEmpty() || !HeaderAllowList.isToken(name)) {
      throw new IllegalArgumentException("name: \"" + name + "\" cannot be a cookie's name");
    }
    if (keys.isEmpty() || keys.size() > 2) {
      throw new IllegalArgumentException(
          "keys: the cookie needs one key, or two while keys change, and there are " + keys.size());
    }
    for (String key : keys) {
      if (key.strip().length() < SHORTEST_KEY) {
        throw new IllegalArgumentException(
            "keys: a key has at least "
                + SHORTEST_KEY
                + " characters, such as those of \"openssl rand -base64 32\"");
      }
    }
    if (maxAgeSeconds < 0) {
      throw new IllegalArgumentException("max-age: it cannot be negative");
    }
    this.name = name;
    this.secrets = secrets;
    this.attributes =
        (maxAgeSeconds > 0 ? "; Max-Age=" + maxAgeSeconds : "")
            + "; Path=/; HttpOnly; SameSite=Lax";
    List<byte[]> bytes =
        keys.stream().map(key -> key.strip().getBytes(StandardCharsets.UTF_8)).toList();
    this.macs =
        new FastThreadLocal<>() {
          @Override
          protected Mac[] initialValue() {
            return bytes.stream().map(ConversationCookie::mac).toArray(Mac[]::new);
          }
        };
  }

  private static Mac mac(byte[] key) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + HMAC, e);
    }
  }

  /** A new id, as it stands in the cookie. */
  String next() {
    byte[] value = new byte[ID_BYTES + TAG_BYTES];
    byte[] id = new byte[ID_BYTES];
    secrets.fill(id);
    System.arraycopy(id, 0, value, 0, ID_BYTES);
    System.arraycopy(tag(macs.get()[0], value), 0, value, ID_BYTES, TAG_BYTES);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(value);
  }

  /**
   * The part of a cookie's value that is the conversation, whichever key has signed it.
   *
   * @param value one that {@link #next} or {@link #in} gave
   */
  static String conversation(String value) {
    // 16 bytes are 21 characters and a third of one: what is left of that belongs to the tag.
    return value.substring(0, 21);
  }

  /** The line that has a browser keep it. */
  String line(String value, boolean secure) {
    return "set-cookie: " + name + "=" + value + attributes + (secure ? "; Secure\r\n" : "\r\n");
  }

  /** The value of the first of these cookies that a gateway has made; null where there is none. */
  @Nullable String in(String cookies) {
    return in(cookies, true);
  }

  /**
   * As the shorter one.
   *
   * @param counts whether a forged one counts
   */
  @Nullable String in(String cookies, boolean counts) {
    int from = 0;
    boolean seen = false;
    while (from < cookies.length()) {
      int semicolon = cookies.indexOf(';', from);
      int end = semicolon < 0 ? cookies.length() : semicolon;
      while (from < end && cookies.charAt(from) == ' ') {
        from++;
      }
      int value = from + name.length() + 1;
      if (value <= end && cookies.charAt(value - 1) == '=' && cookies.startsWith(name, from)) {
        String found = cookies.substring(value, end).strip();
        if (genuine(found)) {
          return found;
        }
        seen = true;
      }
      from = end + 1;
    }
    if (seen && counts) {
      refused.increment();
    }
    return null;
  }

  /** Requests whose cookie no key of ours has signed. */
  long refused() {
    return refused.sum();
  }

  private boolean genuine(String text) {
    if (text.length() != LENGTH) {
      return false;
    }
    byte[] value;
    try {
      value = Base64.getUrlDecoder().decode(text);
    } catch (IllegalArgumentException notBase64) {
      return false;
    }
    byte[] tag = Arrays.copyOfRange(value, ID_BYTES, value.length);
    boolean genuine = false;
    for (Mac mac : macs.get()) {
      genuine |= MessageDigest.isEqual(tag, tag(mac, value));
    }
    return genuine;
  }

  private static byte[] tag(Mac mac, byte[] value) {
    mac.update(PURPOSE);
    mac.update(value, 0, ID_BYTES);
    return Arrays.copyOf(mac.doFinal(), TAG_BYTES);
  }
}
