package dev.caravan.route.server;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Fleet;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.parameter.Names;
import dev.caravan.upstream.Target;
import dev.caravan.upstream.TlsClients;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The model servers that routes name: what is said of each, its place in the fleet, and the way to
 * it. Routes are built by one thread at a time; any thread may read.
 *
 * <p>A change of many routes is staged: from {@link #stage} on, what endpoints say changes nothing
 * of a server that is known. {@link #plan} says then what all routes say together, {@link #commit}
 * makes it so, and {@link #drop} forgets it. Who is named no more leaves: it gets nothing new, and
 * is gone when {@link #sweep} finds it empty. Named again before that, it is the server it was.
 */
public final class Servers {

  /** A server that a route has named. */
  public record Server(Backend backend, Target target, ModelParameters parameters) {}

  /**
   * That a route names a server.
   *
   * @param said what its endpoint says of it; null where that only names it
   */
  public record Mention(String name, @Nullable ModelParameters said) {}

  /** What all routes together say. */
  public static final class Plan {
    private final Map<String, Server> next = new HashMap<>();
    private final Map<String, @Nullable ModelParameters> groups = new HashMap<>();
  }

  private final Fleet fleet;
  private final ServerTargets targets;
  private final UnaryOperator<@Nullable String> environment;
  private final ServerSaid specified;

  /** Everyone, those that leave among them. */
  private volatile Map<String, Server> byName = Map.of();

  private volatile Set<String> leaving = Set.of();

  private volatile @Nullable ServerGroups groups;

  /** Those of the leaving that were empty at the last look. Guarded by this. */
  private final Set<String> empty = new HashSet<>();

  /** Those of the leaving that no route leads to any more. Guarded by this. */
  private final Set<String> draining = new HashSet<>();

  /** Servers that are new in a change that is being made; null while none is. Guarded by this. */
  private @Nullable Map<String, Server> staged;

  /**
   * Nobody yet.
   *
   * @param environment the value of an environment variable, or null
   * @param specified told whenever a route says something of a server, for the first time or anew
   */
  public Servers(
      Fleet fleet,
      TlsClients tls,
      UnaryOperator<@Nullable String> environment,
      ServerSaid specified) {
    this.fleet = fleet;
    this.targets = new ServerTargets(tls);
    this.environment = environment;
    this.specified = specified;
  }

  /**
   * What the parameters of an endpoint say; null where there are none, and it only names a server.
   *
   * @throws IllegalArgumentException with what is wrong with them
   */
  public @Nullable ModelParameters said(String name, Map<String, String> given) {
    return given.isEmpty() ? null : ModelParameters.read(name, given, environment);
  }

  /** Takes endpoints that stand for servers which are found; without it there can be none. */
  public void groups(ServerGroups those) {
    groups = those;
  }

  /** Endpoints that stand for servers which are found; null where there can be none. */
  public @Nullable ServerGroups groups() {
    return groups;
  }

  /**
   * The server that an endpoint names; where it says nothing of it, one that is named elsewhere.
   */
  public synchronized Server named(String name, @Nullable ModelParameters said) {
    Map<String, Server> later = staged;
    Server fresh = later == null ? null : later.get(name);
    Server known = fresh != null ? fresh : byName.get(name);
    if (known != null && (said == null || later != null || known.parameters().equals(said))) {
      return known;
    }
    ModelParameters parameters =
        said != null ? said : ModelParameters.read(name, Map.of(), environment);
    if (later == null) {
      return put(parameters, known);
    }
    Server server = made(parameters, known);
    later.put(name, server);
    return server;
  }

  private Server made(ModelParameters parameters, @Nullable Server before) {
    Backend backend = fleet.register(parameters.spec());
    return new Server(backend, targets.of(parameters, before), parameters);
  }

  /** A server is new, or is said to be another than it was: so it is from now on. */
  synchronized Server put(ModelParameters parameters, @Nullable Server known) {
    String name = parameters.spec().name();
    Server server = made(parameters, known);
    byName = Names.with(byName, name, server);
    ServerTargets.retire(known);
    specified.server(name, parameters.drain());
    return server;
  }

  /** A server that was found leaves, or is there again before it is gone. */
  synchronized void leaves(String name, boolean now) {
    Server server = byName.get(name);
    if (server != null && now != leaving.contains(name)) {
      leaving = now ? Names.with(leaving, Set.of(name)) : Names.without(leaving, Set.of(name));
      empty.remove(name);
      boolean told = now ? draining.add(name) : draining.remove(name);
      if (told) {
        specified.server(name, now || server.parameters().drain());
      }
    }
  }

  /** The place in the fleet of a server that an endpoint names, whatever others say of it. */
  public synchronized Backend backend(String name, @Nullable ModelParameters said) {
    Server known = byName.get(name);
    return known != null ? known.backend() : named(name, said).backend();
  }

  // ---- changes

  /** A change begins. */
  public synchronized void stage() {
    staged = new HashMap<>();
    ServerGroups.stage(groups);
  }

  /**
   * What a change comes to.
   *
   * @param mentions all, in the order of the files: of two that say something the later one counts
   * @throws IllegalArgumentException where a server cannot be as they say
   */
  public synchronized Plan plan(Collection<Mention> mentions) {
    Map<String, Server> fresh = staged == null ? Map.of() : staged;
    Map<String, @Nullable ModelParameters> said = new LinkedHashMap<>();
    for (Mention mention : mentions) {
      if (mention.said() != null || !said.containsKey(mention.name())) {
        said.put(mention.name(), mention.said());
      }
    }
    Plan plan = new Plan();
    said.forEach(
        (name, parameters) -> {
          if (ServerGroups.found(groups, name, parameters)) {
            plan.groups.put(name, parameters);
            return;
          }
          Server known = fresh.getOrDefault(name, byName.get(name));
          if (known == null || (parameters != null && !known.parameters().equals(parameters))) {
            ModelParameters now =
                parameters != null ? parameters : ModelParameters.read(name, Map.of(), environment);
            Backend backend = known != null ? known.backend() : fleet.register(now.spec());
            boolean isNew = known == null;
            known = new Server(backend, targets.of(now, known), now);
            if (isNew && staged != null) {
              staged.put(name, known);
            }
          }
          plan.next.put(name, known);
        });
    return plan;
  }

  /**
   * The plan holds from now on.
   *
   * @return the servers that no route names any more
   */
  public synchronized Set<String> commit(Plan plan) {
    staged = null;
    Map<String, Server> before = byName;
    Map<String, Server> next = new HashMap<>(before);
    next.putAll(plan.next);
    Set<String> wereLeaving = leaving;
    Set<String> gone = new HashSet<>(Names.without(next.keySet(), plan.next.keySet()));
    gone.removeIf(
        name ->
            FoundServers.of(before.get(name), plan.groups.keySet()) && !wereLeaving.contains(name));
    byName = Map.copyOf(next);
    leaving = Set.copyOf(gone);
    empty.retainAll(gone);
    plan.next.forEach(
        (name, server) -> {
          Server known = before.get(name);
          boolean other = known == null || !known.equals(server);
          if (other) {
            fleet.register(server.parameters().spec());
            ServerTargets.retire(known);
          }
          if (other || draining.contains(name)) {
            specified.server(name, server.parameters().drain());
          }
        });
    draining.retainAll(gone);
    gone.removeAll(wereLeaving);
    ServerGroups.commit(groups, plan.groups);
    return gone;
  }

  /** The change is not made: servers that it alone has named are forgotten. */
  public synchronized void drop() {
    Map<String, Server> fresh = staged == null ? Map.of() : staged;
    staged = null;
    fresh.forEach((name, server) -> fleet.remove(server.backend()));
    ServerGroups.drop(groups);
  }

  /** The servers that no route names any more and that still have requests. */
  public Set<String> leaving() {
    return leaving;
  }

  /**
   * Drains those that leave when no route leads to them any more: a request that came before the
   * change may know of no others. Removes those that were empty at this look and the one before, so
   * that whoever learns from the last request of one has learnt.
   *
   * @param held whether a route that is replaced and has requests still names a server
   * @return those that are gone
   */
  public Set<String> sweep(Predicate<String> held) {
    return sweep(held, Names.without(leaving, FoundServers.among(leaving, this)));
  }

  /** The same, of some of them. */
  synchronized Set<String> sweep(Predicate<String> held, Set<String> among) {
    Set<String> gone = new HashSet<>();
    Map<String, Server> next = new HashMap<>(byName);
    for (String name : among) {
      Server server = next.get(name);
      if (!held.test(name) && draining.add(name)) {
        specified.server(name, true);
      }
      if (server == null || held.test(name) || server.backend().inflight() > 0) {
        empty.remove(name);
      } else if (!empty.add(name)) {
        gone.add(name);
        next.remove(name);
      }
    }
    if (!gone.isEmpty()) {
      Map<String, Server> before = byName;
      byName = Map.copyOf(next);
      leaving = Names.without(leaving, gone);
      empty.removeAll(gone);
      draining.removeAll(gone);
      for (String name : gone) {
        Server server = before.get(name);
        if (server != null) {
          ServerTargets.retire(server);
          fleet.remove(server.backend());
        }
      }
    }
    return gone;
  }

  /** The server of that name as the routes have it now, or null. */
  public @Nullable Server find(String name) {
    return byName.get(name);
  }

  /** A pool has a server: what a probe of it calls its model. */
  public void servedAs(String pool, String name) {
    Server server = byName.get(name);
    if (server != null) {
      server.target().servedAs(pool);
    }
  }

  /** The name by which a server is asked for its model, where no request says which. */
  public String modelOf(String name) {
    Server server = byName.get(name);
    String pool = server == null ? null : server.target().servedAs();
    return server == null ? name : server.target().modelFor(pool != null ? pool : name);
  }

  /** Those that leave among them. */
  Collection<Server> everyone() {
    return byName.values();
  }

  /** What the routes say of every server that they name. */
  public Collection<ModelParameters> all() {
    Set<String> without = leaving;
    return everyone().stream()
        .map(Server::parameters)
        .filter(each -> !without.contains(each.spec().name()))
        .toList();
  }
}
