package dev.caravan.route.parameter;

import dev.caravan.fleet.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where the key of a model server is kept. What is wrong with one is said without the key. */
public final class ApiKey {
  private static final String ENVIRONMENT = "env:";
  private static final String FILE = "file:";

  /** Keys have some hundred characters, tokens some thousand. */
  private static final int MAX_BYTES = 64 * 1024;

  private ApiKey() {}

  /**
   * The key to which a reference leads.
   *
   * @param reference what is neither {@code env:} nor {@code file:} is the key itself: what a
   *     placeholder held
   * @param environment the value of an environment variable, or null
   * @throws IOException where there is no key
   */
  static Secret of(String reference, UnaryOperator<@Nullable String> environment)
      throws IOException {
    if (reference.startsWith(ENVIRONMENT)) {
      String variable = reference.substring(ENVIRONMENT.length());
      String value = environment.apply(variable);
      if (value == null || value.isBlank()) {
        throw new IOException("apiKey: the environment variable " + variable + " is not set");
      }
      return new Secret(value.strip());
    }
    if (reference.startsWith(FILE)) {
      String name = reference.substring(FILE.length());
      try {
        return new Secret(name, in(Path.of(name)));
      } catch (InvalidPathException e) {
        throw new IOException("apiKey: the file " + name + " cannot be read", e);
      }
    }
    return new Secret(reference);
  }

  /**
   * The key that a file holds now. Reads a disk.
   *
   * @throws IOException where it holds none
   */
  public static String in(Path file) throws IOException {
    String text;
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new IOException("it is too large");
      }
      text = Files.readString(file).strip();
    } catch (IOException e) {
      throw new IOException("apiKey: the file " + file + " cannot be read", e);
    }
    if (text.isEmpty() || text.indexOf('\n') >= 0) {
      throw new IOException("apiKey: the file " + file + " must hold one line, the key");
    }
    if (!Secret.printable(text)) {
      throw new IOException(
          "apiKey: the file "
              + file
              + " must hold a key, which is printable ASCII without white space");
    }
    return text;
  }
}
