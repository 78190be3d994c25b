package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Work;
import dev.caravan.outcome.Outcome;
import dev.caravan.route.server.ServerGroup;
import dev.caravan.route.server.Servers;
import dev.caravan.select.Selection;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.UpstreamFailure;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.DefaultAsyncProducer;
import org.jspecify.annotations.Nullable;

/**
 * Sends to one of the servers that were found: to the one that a balancer has picked for the call,
 * or else to the one that holds the fewest requests. Never waits.
 */
final class GroupProducer extends DefaultAsyncProducer {
  private final ModelComponent component;
  private final ServerGroup group;

  GroupProducer(ModelEndpoint endpoint, ModelComponent component, ServerGroup group) {
    super(endpoint);
    this.component = component;
    this.group = group;
  }

  @Override
  public boolean process(Exchange exchange, AsyncCallback callback) {
    if (!(exchange.getIn().getBody() instanceof Call call)) {
      return failed(
          exchange,
          callback,
          new IllegalStateException(group + " was sent something that is not a request"));
    }
    Servers.Server server = picked(call);
    if (server == null) {
      boolean background = call.request().background();
      Lease own = open(call, background ? Work.UNKNOWN_BACKGROUND : Work.UNKNOWN);
      if (own == null) {
        return failed(exchange, callback, nobody(call, background));
      }
      call.lease(own);
      server = picked(call);
    }
    if (server == null) {
      return failed(exchange, callback, new IllegalStateException(group + ": the server is gone"));
    }
    ModelProducer.send(component, server, call, exchange, callback);
    return false;
  }

  private static boolean failed(Exchange exchange, AsyncCallback callback, Exception why) {
    exchange.setException(why);
    callback.done(true);
    return true;
  }

  /** The server of the call's lease, where it is one of these; one that has left still counts. */
  private Servers.@Nullable Server picked(Call call) {
    Lease lease = call.lease();
    if (lease == null || lease.closed()) {
      return null;
    }
    Servers.Server server = component.servers().find(lease.backend().name());
    return server != null
            && server.backend() == lease.backend()
            && group.name().equals(server.parameters().group())
        ? server
        : null;
  }

  private @Nullable Lease open(Call call, Work work) {
    List<Backend> untried = new ArrayList<>(group.servers());
    untried.removeIf(each -> !each.usable());
    untried.sort((a, b) -> Integer.compare(a.inflight(), b.inflight()));
    for (Backend each : untried) {
      Lease own = Lease.open(each, call.pool(), component.client().ticker(), work);
      if (own != null) {
        return own;
      }
    }
    return null;
  }

  private Exception nobody(Call call, boolean background) {
    List<Backend> servers = group.servers();
    if (servers.isEmpty()) {
      return new NobodyEligible(
          call.pool(),
          List.of(
              new Selection.Rejection(
                  group.name(), "discovery", "no server was found", ServerGroup.NOBODY)));
    }
    return background
        ? NobodyEligible.roomless(call.pool(), servers.get(0))
        : new UpstreamFailure(
            new Outcome.Refused("of the servers of " + group + " none may be used, or has room"),
            false);
  }
}
