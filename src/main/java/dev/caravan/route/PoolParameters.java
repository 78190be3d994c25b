package dev.caravan.route;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code pool:} consumer says about itself. Immutable.
 *
 * @param name the model name that it answers for
 * @param aliases further names that it answers for
 */
public record PoolParameters(String name, List<String> aliases) {

  /** The table: everything a {@code pool:} endpoint takes. */
  static final List<Parameter> TABLE =
      List.of(
          new Parameter(
              "aliases",
              new Parameter.Names(),
              "none",
              "Further model names that clients may ask for."));

  public PoolParameters {
    aliases = List.copyOf(aliases);
  }

  /** The pool's name in a {@code pool:} URI, or null where the URI has another scheme. */
  public static @Nullable String nameOf(String uri) {
    return EndpointName.in(uri, "pool");
  }

  /**
   * What the parameters of an endpoint say.
   *
   * @param given values by name, placeholders resolved
   * @throws IllegalArgumentException with what is wrong, starting with {@code pool:name}
   */
  public static PoolParameters read(String name, Map<String, String> given) {
    if (!EndpointName.pool(name)) {
      throw new IllegalArgumentException(
          "pool:" + name + ": \"" + name + "\" is not " + EndpointName.POOL_ACCEPTED);
    }
    Parameter aliases = TABLE.get(0);
    for (Map.Entry<String, String> entry : given.entrySet()) {
      String problem =
          entry.getKey().equals(aliases.name())
              ? aliases.problem(entry.getValue())
              : ModelParameters.unknown(entry.getKey(), TABLE);
      if (problem != null) {
        throw new IllegalArgumentException("pool:" + name + ": " + problem);
      }
    }
    return new PoolParameters(name, split(given.getOrDefault("aliases", "")));
  }

  /** The names in a comma-separated list. */
  static List<String> split(String text) {
    return text.isBlank() ? List.of() : Arrays.stream(text.split(",")).map(String::strip).toList();
  }
}
