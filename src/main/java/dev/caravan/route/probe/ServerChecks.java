package dev.caravan.route.probe;

import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.server.ServerGroups;
import dev.caravan.route.server.Servers;
import org.apache.camel.CamelContext;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the questions to every server as the routes want them. Blocks while routes start or stop,
 * so never on an event loop.
 *
 * @param pulses null where servers are not asked
 */
public record ServerChecks(
    Servers servers, Probes probes, ProbeComponent prober, @Nullable Pulses pulses) {

  /** Begins, renews or ends what each server is asked. */
  public void ensure(CamelContext camel) throws Exception {
    ServerGroups groups = servers.groups();
    if (groups != null) {
      groups.tell(found(camel));
    }
    for (ModelParameters server : servers.all()) {
      ensure(camel, server);
    }
  }

  private void ensure(CamelContext camel, ModelParameters server) throws Exception {
    String name = server.spec().name();
    if (pulses != null) {
      pulses.ensure(name);
    }
    probes.ensure(camel, server, servers.modelOf(name));
  }

  private ServerGroups.Listener found(CamelContext camel) {
    return new ServerGroups.Listener() {
      @Override
      public void joined(ModelParameters server) throws Exception {
        ensure(camel, server);
      }

      @Override
      public void left(String server) throws Exception {
        drop(camel, server);
      }

      @Override
      public void gone(String server) {
        forget(server);
      }
    };
  }

  /** A server is asked nothing any more. */
  public void drop(CamelContext camel, String server) throws Exception {
    if (pulses != null) {
      pulses.drop(server);
    }
    probes.drop(camel, server);
  }

  /** A server has left the fleet. */
  public void forget(String server) {
    prober.forget(server);
  }

  /** Ends all questions that no route asks. */
  public void stop() {
    if (pulses != null) {
      pulses.dropAll();
    }
  }
}
