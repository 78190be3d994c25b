package dev.caravan.route.server;

import dev.caravan.discovery.Finder;
import dev.caravan.discovery.Found;
import dev.caravan.fleet.Backend;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.telemetry.DiscoveryMeters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the place of one endpoint, and has those who come and go there join and leave. Begun,
 * changed and ended under the lock of {@link ServerGroups}; what it learns it enters on one thread.
 */
final class GroupWatch {
  private static final Logger LOG = LoggerFactory.getLogger(ServerGroups.class);

  private final ServerGroup group;
  private final Finder finder;
  private final FoundServers entered;
  private final DiscoveryMeters meters;
  private final Executor entering;
  private volatile ModelParameters said;
  private volatile int epoch; // written under the groups' lock
  private @Nullable Runnable stop; // guarded by the groups' lock

  /** A server that was found, and its place in the fleet. */
  private record Member(ModelParameters said, Backend backend) {}

  // ---- of the entering thread
  private Map<String, Member> members = Map.of();
  private Map<String, ModelParameters> last = Map.of();
  private List<Found> found = List.of();
  private boolean everFound;
  private boolean closed;
  private @Nullable String failure;

  GroupWatch(
      ServerGroup group,
      ModelParameters said,
      Finder finder,
      FoundServers entered,
      DiscoveryMeters meters,
      Executor entering) {
    this.group = group;
    this.said = said;
    this.finder = finder;
    this.entered = entered;
    this.meters = meters;
    this.entering = entering;
  }

  ServerGroup group() {
    return group;
  }

  void begin() {
    int mine = epoch + 1;
    epoch = mine;
    stop =
        finder.watch(
            Objects.requireNonNull(said.discover()),
            new Finder.Listener() {
              @Override
              public void found(List<Found> servers) {
                entering.execute(() -> enter(mine, servers));
              }

              @Override
              public void failed(String why) {
                entering.execute(() -> fail(mine, why));
              }
            });
  }

  void stop() {
    Runnable running = stop;
    stop = null;
    if (running != null) {
      running.run();
    }
  }

  void respecify(ModelParameters now) {
    ModelParameters before = said;
    if (now.equals(before)) {
      return;
    }
    said = now;
    if (Objects.equals(now.discover(), before.discover())) {
      entering.execute(
          () -> {
            if (everFound) {
              enter(epoch, found);
            }
          });
    } else {
      stop();
      begin(); // who was found before stays until it is known who is there
    }
  }

  void close() {
    stop();
    entering.execute(
        () -> {
          closed = true;
          apply(Map.of());
        });
  }

  private void fail(int of, String why) {
    if (closed || of != epoch) {
      return;
    }
    meters.failed(group.name());
    if (failure == null) {
      LOG.warn(
          "{}: {} cannot be looked up ({}): {}",
          group,
          said.discover(),
          why,
          members.isEmpty() ? "no server is known" : "its " + members.size() + " stay");
    }
    failure = why;
    group.answered();
  }

  /**
   * Who is there now.
   *
   * @param of the watch that says so; an earlier one does not count
   */
  private void enter(int of, List<Found> now) {
    if (closed || of != epoch) {
      return;
    }
    if (failure != null) {
      LOG.info("{}: {} can be looked up again", group, said.discover());
      failure = null;
    }
    found = now;
    Map<String, ModelParameters> wanted = new LinkedHashMap<>();
    ModelParameters like = said;
    for (Found each : now) {
      ModelParameters member = ServerGroup.member(like, each);
      wanted.put(member.spec().name(), member);
    }
    if (!everFound || !wanted.equals(last)) {
      everFound = true;
      last = wanted;
      apply(wanted);
    }
  }

  /** Those who come join first, and then those who go leave: nobody finds too few. */
  private void apply(Map<String, ModelParameters> wanted) {
    Map<String, Member> now = new LinkedHashMap<>();
    List<String> came = new ArrayList<>();
    wanted.forEach(
        (name, said) -> {
          Member known = members.get(name);
          if (known == null || !known.said.equals(said)) {
            Servers.Server server = entered.join(group, said);
            if (server == null) {
              return;
            }
            if (known == null) {
              came.add(name);
            }
            known = new Member(said, server.backend());
          }
          now.put(name, known);
        });
    List<String> went = new ArrayList<>(members.keySet());
    went.removeAll(now.keySet());
    members = now;
    group.servers(now.values().stream().map(Member::backend).toList());
    went.forEach(entered::leave);
    if (!came.isEmpty() || !went.isEmpty()) {
      LOG.info("{}: {} servers now{}{}", group, now.size(), list("new", came), list("gone", went));
      meters.changed(group.name(), came.size(), went.size());
    }
  }

  private static String list(String what, List<String> names) {
    return names.isEmpty() ? "" : "; " + what + ": " + String.join(", ", names);
  }
}
