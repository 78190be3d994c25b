package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.ingress.ModelCatalog;
import dev.caravan.time.WallClock;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import org.apache.camel.AsyncProcessor;
import org.jspecify.annotations.Nullable;

/**
 * The pools that are open, by name and by alias. Safe for any thread: the table is immutable and
 * swapped whole when a route starts or stops.
 */
public final class Pools implements ModelCatalog {

  /**
   * One pool.
   *
   * @param route the route that answers for it
   * @param backends the servers that the route leads to
   * @param inflight requests that are on their way through it
   */
  record Pool(
      String name,
      Set<String> aliases,
      AsyncProcessor route,
      List<Backend> backends,
      LongAdder inflight,
      long openedSeconds) {}

  private final WallClock clock;
  private final ConcurrentHashMap<String, LongAdder> inflight = new ConcurrentHashMap<>();
  private final BiConsumer<String, LongAdder> newcomer;
  private volatile Map<String, Pool> byName = Map.of();

  public Pools(WallClock clock) {
    this(clock, (name, count) -> {});
  }

  /**
   * No pool yet.
   *
   * @param newcomer told once of every name and the count of requests in flight through that pool,
   *     which lives on when the route is started anew
   */
  public Pools(WallClock clock, BiConsumer<String, LongAdder> newcomer) {
    this.clock = clock;
    this.newcomer = newcomer;
  }

  /**
   * Opens a pool.
   *
   * @throws IllegalStateException where its name or an alias is taken
   */
  synchronized void open(
      String name, Set<String> aliases, AsyncProcessor route, List<Backend> backends) {
    Pool pool =
        new Pool(
            name,
            Set.copyOf(aliases),
            route,
            List.copyOf(backends),
            inflight.computeIfAbsent(name, this::counted),
            clock.epochMillis() / 1000);
    Map<String, Pool> next = new LinkedHashMap<>(byName);
    put(next, name, pool);
    for (String alias : aliases) {
      put(next, alias, pool);
    }
    byName = Map.copyOf(next);
  }

  private LongAdder counted(String name) {
    LongAdder count = new LongAdder();
    newcomer.accept(name, count);
    return count;
  }

  private static void put(Map<String, Pool> to, String name, Pool pool) {
    Pool taken = to.putIfAbsent(name, pool);
    if (taken != null) {
      throw new IllegalStateException(
          "pool:" + pool.name() + ": \"" + name + "\" is taken by pool:" + taken.name());
    }
  }

  synchronized void close(String name) {
    Map<String, Pool> next = new LinkedHashMap<>(byName);
    next.values().removeIf(pool -> pool.name().equals(name));
    byName = Map.copyOf(next);
  }

  /** The pool that answers for a model, or null. */
  @Nullable Pool serving(String model) {
    return byName.get(model);
  }

  /** The names of all pools, without aliases, in order. */
  public List<String> names() {
    return byName.values().stream().map(Pool::name).distinct().sorted().toList();
  }

  /** The pools of which no server may be picked now, by name and in order. */
  public List<String> unserved() {
    return byName.values().stream()
        .filter(pool -> pool.backends().stream().noneMatch(Pools::eligible))
        .map(Pool::name)
        .distinct()
        .sorted()
        .toList();
  }

  private static boolean eligible(Backend backend) {
    return backend.availability().eligible() && backend.gate().permits();
  }

  @Override
  public Collection<Entry> all() {
    return byName.entrySet().stream()
        .map(pool -> new Entry(pool.getKey(), pool.getValue().openedSeconds()))
        .sorted(Comparator.comparing(Entry::id))
        .toList();
  }

  @Override
  public @Nullable Entry find(String id) {
    Pool pool = byName.get(id);
    return pool == null ? null : new Entry(id, pool.openedSeconds());
  }
}
