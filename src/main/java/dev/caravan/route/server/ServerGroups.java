package dev.caravan.route.server;

import dev.caravan.discovery.Finder;
import dev.caravan.health.Breakers;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.telemetry.DiscoveryMeters;
import dev.caravan.time.Scheduler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints that stand for servers which are found somewhere. Safe for any thread; what is
 * found is entered on one thread of its own, which may wait.
 */
public final class ServerGroups {

  /** Who is told of servers, on a thread that may wait. */
  public interface Listener {
    /** A server has joined, or is another one under its name. */
    void joined(ModelParameters server) throws Exception;

    /** It gets nothing new any more. */
    void left(String server) throws Exception;

    /** Its last request is over, and it is no part of the fleet any more. */
    void gone(String server) throws Exception;
  }

  private final Finder finder;
  private final FoundServers entered;
  private final DiscoveryMeters meters;
  private final Executor entering;
  private final long patienceMillis;
  private final Map<String, GroupWatch> groups = new HashMap<>(); // guarded by this

  /** Endpoints that are new in a change that is being made; null while none is. Guarded by this. */
  private @Nullable List<String> staged;

  /**
   * No endpoint yet.
   *
   * @param entering one thread, in order
   * @param telling another one, in order, which waits for routes
   * @param patienceMillis how long the start of a route may wait for the first answer
   */
  public ServerGroups(
      Servers servers,
      Breakers breakers,
      Finder finder,
      DiscoveryMeters meters,
      Executor entering,
      Executor telling,
      Scheduler scheduler,
      long patienceMillis) {
    this.finder = finder;
    this.entered = new FoundServers(servers, breakers, entering, telling, scheduler);
    this.meters = meters;
    this.entering = entering;
    this.patienceMillis = patienceMillis;
  }

  /** Tells somebody from now on. */
  public void tell(Listener whom) {
    entered.tell(whom);
  }

  /** Those of an endpoint, or null where there is none of that name. */
  public synchronized @Nullable ServerGroup find(String name) {
    GroupWatch known = groups.get(name);
    return known == null ? null : known.group();
  }

  /** Those of an endpoint that says where they are; begins to look for them where it is new. */
  public synchronized ServerGroup named(String name, ModelParameters said) {
    GroupWatch known = groups.get(name);
    if (known == null) {
      ServerGroup group = new ServerGroup(name, patienceMillis);
      known = new GroupWatch(group, said, finder, entered, meters, entering);
      groups.put(name, known);
      meters.watch(name, () -> group.servers().size());
      if (staged != null) {
        staged.add(name);
      }
      known.begin();
    } else if (staged == null) {
      known.respecify(said);
    }
    return known.group();
  }

  /** Whether an endpoint stands for servers that are found. */
  static boolean found(@Nullable ServerGroups these, String name, @Nullable ModelParameters said) {
    return said != null ? said.discover() != null : these != null && these.find(name) != null;
  }

  /** A change of the routes begins; nothing where there is no discovery, as below. */
  static void stage(@Nullable ServerGroups these) {
    if (these != null) {
      these.stage();
    }
  }

  /** A change is made. */
  static void commit(
      @Nullable ServerGroups these, Map<String, @Nullable ModelParameters> mentioned) {
    if (these != null) {
      these.commit(mentioned);
    }
  }

  /** A change is not made. */
  static void drop(@Nullable ServerGroups these) {
    if (these != null) {
      these.drop();
    }
  }

  private synchronized void stage() {
    staged = new ArrayList<>();
  }

  /** These are the endpoints of all routes; null for what one says that says nothing. */
  private synchronized void commit(Map<String, @Nullable ModelParameters> mentioned) {
    staged = null;
    mentioned.forEach(
        (name, said) -> {
          GroupWatch known = groups.get(name);
          if (known != null && said != null) {
            known.respecify(said);
          }
        });
    for (String name : List.copyOf(groups.keySet())) {
      if (!mentioned.containsKey(name)) {
        close(name);
      }
    }
  }

  private synchronized void drop() {
    List<String> fresh = staged == null ? List.of() : staged;
    staged = null;
    fresh.forEach(this::close);
  }

  private void close(String name) {
    GroupWatch known = groups.remove(name);
    if (known != null) {
      known.close();
      meters.forget(name);
    }
  }

  /** Ends all watches. */
  public synchronized void close() {
    groups.values().forEach(GroupWatch::stop);
    finder.close();
  }
}
