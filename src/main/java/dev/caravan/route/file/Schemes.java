package dev.caravan.route.file;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The components that routes may use, by the schemes of their endpoints. Immutable.
 *
 * @param allowed schemes; {@value #EVERY} for all; {@code from:SCHEME} for one that a route may
 *     start at and not send to
 */
record Schemes(Set<String> allowed) {
  static final String EVERY = "*";

  private static final String FROM = "from:";
  private static final Pattern SCHEME = Pattern.compile("^([A-Za-z][A-Za-z0-9+.-]*):");

  static Schemes of(Collection<String> allowed) {
    return new Schemes(
        Set.copyOf(allowed.stream().map(String::strip).filter(s -> !s.isEmpty()).toList()));
  }

  boolean every() {
    return allowed.contains(EVERY);
  }

  /**
   * What is wrong with an endpoint, or null.
   *
   * @param uri placeholders resolved as far as they can be
   * @param start whether a route starts there
   */
  @Nullable String problem(String uri, boolean start) {
    if (every()) {
      return null;
    }
    Matcher scheme = SCHEME.matcher(uri);
    if (!scheme.find()) {
      return "its scheme is not written out, so that nobody can say whether caravan.routes.schemes"
          + " allows it";
    }
    String name = scheme.group(1);
    if (allowed.contains(name) || (start && allowed.contains(FROM + name))) {
      return null;
    }
    if (allowed.contains(FROM + name)) {
      return "a route may start at " + name + ": and not send there (caravan.routes.schemes)";
    }
    return "caravan.routes.schemes does not allow "
        + name
        + ":, only "
        + String.join(", ", names());
  }

  private Set<String> names() {
    Set<String> sorted = new TreeSet<>();
    for (String each : allowed) {
      sorted.add(each.startsWith(FROM) ? each.substring(FROM.length()) : each);
    }
    return sorted;
  }

  /** What is wrong with a list of endpoints that a step computes, or null. */
  @Nullable String computed(List<String> parts) {
    for (String part : parts) {
      String problem = problem(part.strip(), false);
      if (problem != null) {
        return problem;
      }
    }
    return null;
  }
}
