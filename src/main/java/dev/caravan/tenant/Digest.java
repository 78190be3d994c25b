package dev.caravan.tenant;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/*
 * A key is 32 random bytes that a machine has drawn, not a word that somebody has thought of: nobody
 * guesses it from its digest, however fast the digest is. That is why a plain SHA-256 does, and a
 * slow one with salt, as for passwords, would only be slow.
 */

/** The SHA-256 of a key, which says nothing of the key. Immutable. */
public final class Digest {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final int BYTES = 32;
  private static final ThreadLocal<MessageDigest> SHA = ThreadLocal.withInitial(Digest::sha256);

  private final byte[] bytes;

  private Digest(byte[] bytes) {
    this.bytes = bytes;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  /** That of a text in UTF-8. */
  public static Digest of(String text) {
    MessageDigest sha = SHA.get();
    byte[] out = new byte[BYTES];
    sha.update(text.getBytes(StandardCharsets.UTF_8));
    try {
      sha.digest(out, 0, BYTES);
    } catch (DigestException e) {
      throw new IllegalStateException(e); // it has the room
    }
    return new Digest(out);
  }

  /**
   * That of which somebody else tells.
   *
   * @throws IllegalArgumentException where it is not 64 hex digits
   */
  public static Digest ofHex(String hex) {
    if (hex.length() != 2 * BYTES) {
      throw new IllegalArgumentException("not 64 hex digits");
    }
    return new Digest(HexFormat.of().parseHex(hex));
  }

  /** 64 hex digits. */
  public String hex() {
    return HexFormat.of().formatHex(bytes);
  }

  /** Takes as long however much of it is the same. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Digest digest && MessageDigest.isEqual(bytes, digest.bytes);
  }

  @Override
  public int hashCode() {
    return (int) INTS.get(bytes, 0);
  }
}
