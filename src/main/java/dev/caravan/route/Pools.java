package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.ingress.ModelCatalog;
import dev.caravan.time.WallClock;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.camel.AsyncProcessor;
import org.jspecify.annotations.Nullable;

/**
 * The pools that are open, by name and by alias. Safe for any thread: the table is immutable and
 * swapped whole when a route starts or stops.
 */
public final class Pools implements ModelCatalog {

  /**
   * A pool that is open.
   *
   * @param route the route that answers for it
   */
  record Open(Pool pool, Set<String> aliases, AsyncProcessor route, long openedSeconds) {
    String name() {
      return pool.name();
    }
  }

  private final WallClock clock;
  private final ConcurrentHashMap<String, Pool> known = new ConcurrentHashMap<>();
  private final Consumer<Pool> newcomer;
  private volatile Map<String, Open> byName = Map.of();

  public Pools(WallClock clock) {
    this(clock, pool -> {});
  }

  /**
   * No pool yet.
   *
   * @param newcomer told once of every pool, which lives on when its route is started anew
   */
  public Pools(WallClock clock, Consumer<Pool> newcomer) {
    this.clock = clock;
    this.newcomer = newcomer;
  }

  /**
   * Opens a pool.
   *
   * @throws IllegalStateException where its name or an alias is taken
   */
  synchronized void open(
      String name,
      Set<String> aliases,
      AsyncProcessor route,
      PoolPolicy policy,
      List<Backend> backends) {
    Pool pool = known.computeIfAbsent(name, this::made);
    Open open = new Open(pool, Set.copyOf(aliases), route, clock.epochMillis() / 1000);
    Map<String, Open> next = new LinkedHashMap<>(byName);
    put(next, name, open);
    for (String alias : aliases) {
      put(next, alias, open);
    }
    pool.respecify(policy, backends);
    byName = Map.copyOf(next);
  }

  private Pool made(String name) {
    Pool pool = new Pool(name);
    newcomer.accept(pool);
    return pool;
  }

  private static void put(Map<String, Open> to, String name, Open pool) {
    Open taken = to.putIfAbsent(name, pool);
    if (taken != null) {
      throw new IllegalStateException(
          "pool:" + pool.name() + ": \"" + name + "\" is taken by pool:" + taken.name());
    }
  }

  synchronized void close(String name) {
    Map<String, Open> next = new LinkedHashMap<>(byName);
    next.values().removeIf(pool -> pool.name().equals(name));
    byName = Map.copyOf(next);
  }

  /** The pool that answers for a model, or null. */
  @Nullable Open serving(String model) {
    return byName.get(model);
  }

  /** The names of all pools, without aliases, in order. */
  public List<String> names() {
    return byName.values().stream().map(Open::name).distinct().sorted().toList();
  }

  /** The pools of which no server may be picked now, by name and in order. */
  public List<String> unserved() {
    return byName.values().stream()
        .filter(pool -> pool.pool().backends().stream().noneMatch(Pools::eligible))
        .map(Open::name)
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
    Open pool = byName.get(id);
    return pool == null ? null : new Entry(id, pool.openedSeconds());
  }
}
