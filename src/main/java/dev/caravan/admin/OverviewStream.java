package dev.caravan.admin;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.subscription.BackPressureStrategy;
import io.smallrye.mutiny.subscription.MultiEmitter;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;

/**
 * The overview once a second for everyone who watches: put together once, and not at all while
 * nobody does. A viewer that is too slow misses some. Safe for any thread.
 */
public final class OverviewStream {
  private final Overviews overviews;
  private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** Nobody watches yet. */
  public OverviewStream(Overviews overviews) {
    this.overviews = overviews;
  }

  /**
   * Somebody who watches.
   *
   * @param mayStay whether what they came with still counts
   */
  private record Viewer(
      Overview.User user, BooleanSupplier mayStay, MultiEmitter<? super String> out) {}

  /**
   * What somebody sees: the overview as it is now, and one a second from then on; it ends when they
   * may not watch any more, and when the gateway stops.
   */
  Multi<String> watch(Overview.User user, BooleanSupplier mayStay) {
    return Multi.createFrom()
        .emitter(
            out -> {
              Viewer viewer = new Viewer(user, mayStay, out);
              viewers.add(viewer);
              out.onTermination(() -> viewers.remove(viewer));
              out.emit(Overviews.with(user, overviews.json()));
              if (closed) {
                out.complete();
              }
            },
            BackPressureStrategy.LATEST);
  }

  /** How many watch. */
  int viewers() {
    return viewers.size();
  }

  /** Sends one more; to be called once a second. */
  public void tick() {
    if (viewers.isEmpty()) {
      return;
    }
    String json = overviews.json();
    for (Viewer viewer : viewers) {
      if (viewer.mayStay.getAsBoolean()) {
        viewer.out.emit(Overviews.with(viewer.user, json));
      } else {
        viewer.out.complete();
      }
    }
  }

  /** Ends all streams, for good. */
  public void close() {
    closed = true;
    viewers.forEach(viewer -> viewer.out.complete());
  }
}
