package dev.caravan.route.parameter;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The names of servers and pools, as endpoint URIs hold them. */
public final class EndpointName {
  /** What a name of a server must be, for messages. */
  public static final String MODEL_ACCEPTED =
      "a name of up to 64 letters, digits, dots, hyphens and underscores";

  /** What a name of a pool must be, for messages. */
  public static final String POOL_ACCEPTED =
      "a model name of up to 128 letters, digits and the characters . _ - : / @ +";

  private static final Pattern MODEL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final Pattern POOL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}");

  private EndpointName() {}

  /** Whether a server may be called so: its name goes into headers and meters. */
  public static boolean model(String name) {
    return MODEL.matcher(name).matches();
  }

  /** Whether a pool may be called so: as clients spell a model's name. */
  public static boolean pool(String name) {
    return POOL.matcher(name).matches();
  }

  /**
   * What stands between the scheme and the query of a URI, or null where the URI has another
   * scheme: {@code gpu-a} in {@code model:gpu-a?weight=2} and in {@code model://gpu-a}.
   */
  public static @Nullable String in(String uri, String scheme) {
    if (!uri.startsWith(scheme + ":")) {
      return null;
    }
    String rest = uri.substring(scheme.length() + 1);
    if (rest.startsWith("//")) {
      rest = rest.substring(2);
    }
    int query = rest.indexOf('?');
    return query < 0 ? rest : rest.substring(0, query);
  }
}
