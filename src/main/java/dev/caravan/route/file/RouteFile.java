package dev.caravan.route.file;

/**
 * One route file, read whole. Immutable.
 *
 * @param name how messages call it, such as {@code routes/llama.yaml}
 * @param location where Camel loads it from, such as {@code file:/srv/routes/llama.yaml} or {@code
 *     classpath:routes/probe.yaml}
 * @param text its content
 */
public record RouteFile(String name, String location, String text) {

  /** A file with that text, for checks before it is written. */
  public static RouteFile of(String name, String text) {
    return new RouteFile(name, "file:" + name, text);
  }

  /** Whether it came with the gateway, and is no file of the user's. */
  public boolean packaged() {
    return location.startsWith("classpath:");
  }

  @Override
  public String toString() {
    return name;
  }
}
