package dev.caravan.select;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The last requests whose choices were to be explained. Of bounded size: the oldest are forgotten.
 * Safe for any thread, without locks: a list that never changes is swapped whole.
 */
public final class Explanations {

  /** Requests that are kept. */
  public static final int REQUESTS = 256;

  /**
   * Servers in all that are kept of, but for the latest request's: at some 700 bytes each that is
   * 11 MiB.
   */
  public static final int SERVERS = 16_384;

  private final AtomicReference<List<Kept>> newestFirst = new AtomicReference<>(List.of());

  /**
   * A request and its choices.
   *
   * @param choices one for each attempt, in order; also those of which another request took the
   *     place first
   */
  public record Kept(String requestId, String pool, List<Explanation> choices) {
    public Kept {
      choices = List.copyOf(choices);
    }

    private int servers() {
      return choices.stream().mapToInt(each -> each.servers().size()).sum();
    }
  }

  /**
   * Keeps one more choice.
   *
   * @param first whether it is the request's first; others join the latest request of that id
   */
  public void add(String requestId, String pool, boolean first, Explanation choice) {
    newestFirst.updateAndGet(before -> with(before, requestId, pool, first, choice));
  }

  private static List<Kept> with(
      List<Kept> before, String requestId, String pool, boolean first, Explanation choice) {
    List<Explanation> choices = new ArrayList<>();
    Kept known = first ? null : find(before, requestId);
    if (known != null) {
      choices.addAll(known.choices());
    }
    choices.add(choice);
    Kept newest = new Kept(requestId, pool, choices);
    List<Kept> after = new ArrayList<>();
    after.add(newest);
    int servers = newest.servers();
    for (Kept each : before) {
      // An earlier request of that id could not be found any more.
      if (!each.requestId().equals(requestId)) {
        servers += each.servers();
        if (after.size() == REQUESTS || servers > SERVERS) {
          break;
        }
        after.add(each);
      }
    }
    return List.copyOf(after);
  }

  /** All that are kept, newest first. */
  public List<Kept> latest() {
    return Objects.requireNonNull(newestFirst.get());
  }

  /** The latest request of that id; null where none is kept. */
  public @Nullable Kept find(String requestId) {
    return find(Objects.requireNonNull(newestFirst.get()), requestId);
  }

  private static @Nullable Kept find(List<Kept> all, String requestId) {
    for (Kept each : all) {
      if (each.requestId().equals(requestId)) {
        return each;
      }
    }
    return null;
  }
}
