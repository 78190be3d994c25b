package dev.caravan.ingress;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The client's headers that were let in, by lower-case name; the first of a name counts. */
final class PassedHeaders {
  private @Nullable Map<String, String> byName;

  void add(String name, String value) {
    if (byName == null) {
      byName = new LinkedHashMap<>();
    }
    byName.putIfAbsent(name, value);
  }

  Map<String, String> asMap() {
    return byName == null ? Map.of() : byName;
  }
}
