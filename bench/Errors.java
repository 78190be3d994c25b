import java.util.Map;
import java.util.TreeMap;

/** What went wrong on the client's side of a target, counted by kind. */
final class Errors {
  private final Map<String, Long> counts = new TreeMap<>();

  synchronized void add(String kind) {
    counts.merge(kind, 1L, Long::sum);
  }

  synchronized long total() {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  synchronized Map<String, Long> counts() {
    return new TreeMap<>(counts);
  }
}
