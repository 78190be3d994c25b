package dev.caravan.fleet;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A value that must not be seen: it prints as {@code ***}, whoever logs it. One that comes from a
 * file is another value when the file is another. Safe for any thread.
 *
 * <p>Two of one file are equal whatever they hold now: they stand for the same secret.
 */
public final class Secret {
  private final @Nullable String file;
  private volatile String value;

  /** One that stays as it is. */
  public Secret(String value) {
    this(null, value);
  }

  /**
   * One that somebody may {@link #replace}.
   *
   * @param file the path of the file that it comes from; null where it stays as it is
   */
  public Secret(@Nullable String file, String value) {
    this.file = file;
    this.value = value;
  }

  /** Whether a text can stand in a header: a line break in it would end the header. */
  public static boolean printable(String text) {
    return text.chars().allMatch(c -> c > ' ' && c < 127);
  }

  /** The path of the file that it comes from; null where it stays as it is. */
  public @Nullable String file() {
    return file;
  }

  /** The value itself, for the wire alone. The same object as long as it is the same value. */
  public String reveal() {
    return value;
  }

  /** Its file has another value now. */
  public void replace(String now) {
    value = now;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Secret secret
        && Objects.equals(file, secret.file)
        && (file != null || value.equals(secret.value));
  }

  @Override
  public int hashCode() {
    return file != null ? file.hashCode() : value.hashCode();
  }

  @Override
  public String toString() {
    return "***";
  }
}
