package dev.caravan.route.parameter;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Immutable sets of names, and tables by name. */
public final class Names {
  private Names() {}

  /** All of these, and more. */
  public static Set<String> with(Set<String> all, Set<String> more) {
    return Stream.concat(all.stream(), more.stream()).collect(Collectors.toUnmodifiableSet());
  }

  /** All of these, and another, or that in place of the one of its name. */
  public static <T> Map<String, T> with(Map<String, T> all, String name, T another) {
    Map<String, T> next = new HashMap<>(all);
    next.put(name, another);
    return Map.copyOf(next);
  }

  /** All of these but some. */
  public static Set<String> without(Set<String> all, Set<String> some) {
    return all.stream()
        .filter(each -> !some.contains(each))
        .collect(Collectors.toUnmodifiableSet());
  }
}
