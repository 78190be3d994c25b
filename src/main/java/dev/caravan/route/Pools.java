package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.ingress.ModelCatalog;
import dev.caravan.time.WallClock;
import java.util.Collection;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.apache.camel.AsyncProcessor;
import org.jspecify.annotations.Nullable;

/**
 * The pools that are open, by name and by alias. Safe for any thread: the table is immutable and
 * swapped whole when a route starts or stops, or when a change of many routes is committed.
 *
 * <p>A change is staged: from {@link #stage} on, what opens is kept aside, until {@link #commit}
 * makes it the table in one step, or {@link #drop} forgets it.
 */
public final class Pools implements ModelCatalog {

  /**
   * A pool that is open.
   *
   * @param by who has opened it
   * @param route the route that answers for it
   */
  record Open(
      Pool pool,
      Set<String> aliases,
      AsyncProcessor route,
      Object by,
      PoolPolicy policy,
      List<Backend> backends,
      long openedSeconds) {
    String name() {
      return pool.name();
    }

    private Open with(List<Backend> others) {
      return new Open(pool, aliases, route, by, policy, List.copyOf(others), openedSeconds);
    }
  }

  /** Who is told of pools. */
  public interface Listener {
    /** There is a pool of a name that was not known; told once, however often its route changes. */
    void made(Pool pool);

    /** No route opens it any more, and the last of its requests is over. */
    void gone(Pool pool);
  }

  private final WallClock clock;
  private final ConcurrentHashMap<String, Pool> known = new ConcurrentHashMap<>();
  private final Listener listener;
  private volatile Map<String, Open> byName = Map.of();

  /** Pools whose route has been replaced and still has requests. Immutable; swapped whole. */
  private volatile Map<String, Open> closing = Map.of();

  /** What the table is to be; null while nothing is staged. Guarded by this. */
  private @Nullable Map<String, Open> staged;

  public Pools(WallClock clock) {
    this(
        clock,
        new Listener() {
          @Override
          public void made(Pool pool) {}

          @Override
          public void gone(Pool pool) {}
        });
  }

  /** No pool yet. */
  public Pools(WallClock clock, Listener listener) {
    this.clock = clock;
    this.listener = listener;
  }

  /**
   * Opens a pool, or stages that.
   *
   * @param by who opens it, and will close it
   * @return the pool, which has that name whoever opens it
   * @throws IllegalStateException where its name or an alias is taken
   */
  synchronized Pool open(
      Object by,
      String name,
      Set<String> aliases,
      AsyncProcessor route,
      PoolPolicy policy,
      List<Backend> backends) {
    Open before = byName.get(name);
    Open open =
        new Open(
            known.computeIfAbsent(name, this::made),
            Set.copyOf(aliases),
            route,
            by,
            policy,
            List.copyOf(backends),
            before != null && before.name().equals(name)
                ? before.openedSeconds
                : clock.epochMillis() / 1000);
    Map<String, Open> later = staged;
    Map<String, Open> next = new LinkedHashMap<>(later != null ? later : byName);
    put(next, name, open);
    for (String alias : aliases) {
      put(next, alias, open);
    }
    if (later != null) {
      staged = next;
    } else {
      open.pool.respecify(policy, open.backends);
      byName = Map.copyOf(next);
    }
    return open.pool;
  }

  private Pool made(String name) {
    Pool pool = new Pool(name);
    listener.made(pool);
    return pool;
  }

  private static void put(Map<String, Open> to, String name, Open pool) {
    Open taken = to.putIfAbsent(name, pool);
    if (taken != null) {
      throw new IllegalStateException(
          "pool:" + pool.name() + ": \"" + name + "\" is taken by pool:" + taken.name());
    }
  }

  /** Other servers answer for a pool than when somebody has opened it. */
  synchronized void servers(Object by, List<Backend> now) {
    IdentityHashMap<Open, Open> changed = new IdentityHashMap<>();
    byName = replaced(byName, by, now, changed);
    changed.values().forEach(open -> open.pool.respecify(open.policy, open.backends));
    closing = replaced(closing, by, now, changed);
    Map<String, Open> later = staged;
    if (later != null) {
      staged = new LinkedHashMap<>(replaced(later, by, now, changed));
    }
  }

  private static Map<String, Open> replaced(
      Map<String, Open> table, Object by, List<Backend> now, IdentityHashMap<Open, Open> changed) {
    Map<String, Open> next = new LinkedHashMap<>(table);
    next.replaceAll(
        (name, open) ->
            open.by == by ? changed.computeIfAbsent(open, before -> before.with(now)) : open);
    return Map.copyOf(next);
  }

  /** Closes what somebody has opened, unless another has taken its place already. */
  synchronized void close(Object by) {
    byName = without(byName, open -> open.by == by);
    closing = without(closing, open -> open.by == by);
  }

  private static Map<String, Open> without(Map<String, Open> table, Predicate<Open> which) {
    Map<String, Open> next = new LinkedHashMap<>(table);
    next.values().removeIf(which);
    return Map.copyOf(next);
  }

  // ---- changes

  /**
   * A change begins.
   *
   * @param leaves who, of those that have opened a pool, will have none when it is committed
   */
  public synchronized void stage(Predicate<Object> leaves) {
    staged = new LinkedHashMap<>(without(byName, open -> leaves.test(open.by)));
  }

  /** What was staged is the table from now on. Requests that are in a pool's old route go on. */
  @SuppressWarnings("ReferenceEquality") // this opening or another of the same pool
  public synchronized void commit() {
    Map<String, Open> next = Objects.requireNonNull(staged, "nothing is staged");
    staged = null;
    Map<String, Open> leaving = new LinkedHashMap<>(closing);
    byName.forEach(
        (name, open) -> {
          if (next.get(name) != open) {
            leaving.put(name, open);
          }
        });
    for (Open open : Set.copyOf(next.values())) {
      open.pool.respecify(open.policy, open.backends);
    }
    for (Open open : Set.copyOf(byName.values())) {
      if (!next.containsKey(open.name())) {
        open.pool.respecify(open.policy, List.of());
      }
    }
    closing = Map.copyOf(leaving);
    byName = Map.copyOf(next);
  }

  /** What was staged is forgotten. */
  public synchronized void drop() {
    staged = null;
  }

  /** Forgets the pools that no route opens and that have no request any more. */
  public synchronized void forgetIdle() {
    if (staged != null) {
      return;
    }
    for (Pool pool : known.values()) {
      if (!byName.containsKey(pool.name())
          && !closing.containsKey(pool.name())
          && pool.inflight() == 0) {
        known.remove(pool.name());
        listener.gone(pool);
      }
    }
  }

  /** Tells of every pool and each of its servers. */
  public synchronized void eachServer(BiConsumer<String, String> told) {
    for (Open open : Set.copyOf(byName.values())) {
      open.backends.forEach(backend -> told.accept(open.name(), backend.name()));
    }
  }

  /** Whether a pool is known that no route opens. */
  public synchronized boolean idle() {
    return known.keySet().stream().anyMatch(name -> !byName.containsKey(name));
  }

  /** The pool that answers for a model, or null. */
  @Nullable Open serving(String model) {
    return byName.get(model);
  }

  /**
   * The pool that a route means by its name, or null: that is one that is closing as well, for
   * routes that are replaced together with it still have requests.
   */
  @Nullable Open meant(String name) {
    Open open = byName.get(name);
    return open != null ? open : closing.get(name);
  }

  /** The names of all pools, without aliases, in order. */
  public List<String> names() {
    return byName.values().stream().map(Open::name).distinct().sorted().toList();
  }

  /**
   * A pool that is open, as others see it.
   *
   * @param aliases its other names, in order
   */
  public record Named(Pool pool, List<String> aliases) {}

  /** All pools, by name. */
  public List<Named> open() {
    return byName.values().stream()
        .distinct()
        .sorted(Comparator.comparing(Open::name))
        .map(each -> new Named(each.pool(), each.aliases().stream().sorted().toList()))
        .toList();
  }

  /** The pools of which no server may be picked now, by name and in order. */
  public List<String> unserved() {
    return byName.values().stream()
        .filter(pool -> pool.pool().backends().stream().noneMatch(Backend::usable))
        .map(Open::name)
        .distinct()
        .sorted()
        .toList();
  }

  @Override
  public Collection<Entry> all() {
    return byName.entrySet().stream()
        .map(pool -> new Entry(pool.getKey(), pool.getValue().openedSeconds()))
        .sorted(Comparator.comparing(Entry::id))
        .toList();
  }

  @Override
  public String pool(String id) {
    Open pool = byName.get(id);
    return pool == null ? id : pool.pool().name();
  }

  @Override
  public @Nullable Entry find(String id) {
    Open pool = byName.get(id);
    return pool == null ? null : new Entry(id, pool.openedSeconds());
  }
}
