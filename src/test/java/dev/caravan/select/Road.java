package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Selection.NoneEligible;
import dev.caravan.select.Selection.Rejection;
import dev.caravan.select.Selection.Selected;
import dev.caravan.time.Ticker;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * A step's servers and a selector, driven by one thread. Every pick is verified against the live
 * state, judged anew: the chosen one was eligible and has room, all who are eligible were
 * considered, and where nobody is, everyone has its true reason.
 */
final class Road {
  final Backend[] servers;
  final List<String> log = new ArrayList<>();
  private final Selector selector;
  private final IntFunction<InferenceRequest> requests;
  private final Ticker ticker;
  private InferenceRequest request = AnyRequest.chat();
  int panicPercent;
  private final Deque<Lease> open = new ArrayDeque<>();

  /**
   * A road with servers a, b, c … of these weights.
   *
   * @param requests the first, the second …, by the number of the pick; {@link #log} has as many
   *     lines
   * @param ticker the clock of the leases
   */
  Road(
      Selector selector,
      IntFunction<InferenceRequest> requests,
      Ticker ticker,
      int maxInflight,
      int... weights) {
    this.selector = selector;
    this.requests = requests;
    this.ticker = ticker;
    this.servers = new Backend[weights.length];
    for (int i = 0; i < weights.length; i++) {
      servers[i] = server(Character.toString('a' + i), weights[i], maxInflight);
    }
  }

  static Backend server(String name, int weight, int maxInflight) {
    URI url = URI.create("http://10.0.0.11:8000");
    return new Backend(new BackendSpec(name, url, weight, maxInflight, null, null, null, Map.of()));
  }

  /** Chooses for the next request, and verifies. */
  Selection pick(Tried tried) {
    return pick(requests.apply(log.size()), tried);
  }

  private Selection pick(InferenceRequest next, Tried tried) {
    request = next;
    List<Integer> eligible = new ArrayList<>();
    for (int i = 0; i < servers.length; i++) {
      if (ground(i, tried).isEmpty()) {
        eligible.add(i);
      }
    }
    Selection selection = selector.select(request, servers, tried, panicPercent);
    log.add(Selector.lastRead() + " -> " + index(selection));
    if (selection instanceof Selected selected) {
      assertThat(eligible).contains(selected.index());
      assertThat(selected.backend()).isSameAs(servers[selected.index()]);
      assertThat(selected.considered()).isEqualTo(eligible.size());
      assertThat(selected.panic()).isEqualTo(panics());
    } else if (selection instanceof NoneEligible none) {
      assertThat(eligible).isEmpty();
      assertThat(none.reasons()).hasSize(servers.length);
      for (int i = 0; i < servers.length; i++) {
        Rejection rejection = none.reasons().get(i);
        assertThat(rejection.backend()).isEqualTo(servers[i].name());
        assertThat(rejection.filter()).isEqualTo(ground(i, tried));
        assertThat(rejection.reason()).isNotBlank();
        assertThat(rejection.availability()).isEqualTo(servers[i].availability());
      }
    }
    return selection;
  }

  private boolean panics() {
    long usable = Arrays.stream(servers).filter(s -> s.availability().eligible()).count();
    return 100 * usable < (long) panicPercent * servers.length
        && Arrays.stream(servers).anyMatch(s -> s.availability().use() == Use.LAST_RESORT);
  }

  /** Which filter must refuse the server; empty where none may. */
  private String ground(int index, Tried tried) {
    Backend server = servers[index];
    if (!(panics() ? server.availability().use() != Use.NONE : server.availability().eligible())) {
      return "available";
    }
    if (!server.gate().permits()) {
      return "breaker";
    }
    if (server.inflight() >= server.spec().maxInflight()) {
      return "capacity";
    }
    return tried.contains(index) ? "untried" : "";
  }

  static int index(Selection selection) {
    return selection instanceof Selected selected ? selected.index() : -1;
  }

  /** Chooses one for the next request, who must be there, and holds a lease on it. */
  int hold() {
    return hold(requests.apply(log.size()));
  }

  /** Chooses one for a request, who must be there, and holds a lease on it. */
  int hold(InferenceRequest next) {
    Selection selection = pick(next, Tried.NONE);
    assertThat(selection).isInstanceOf(Selected.class);
    Selected selected = (Selected) selection;
    Lease lease = Lease.open(selected.backend(), "llama", ticker, selected.work());
    assertThat(lease).isNotNull();
    selector.sent(request, servers, selected.index());
    assertThat(selected.backend().inflight()).isBetween(1, selected.backend().spec().maxInflight());
    open.add(lease);
    return selected.index();
  }

  /** The first token of the oldest lease is here, if it was not before. */
  void firstToken() {
    if (!open.isEmpty()) {
      open.peek().firstByte(true);
    }
  }

  /** Ends the oldest lease. */
  Backend release() {
    Lease lease = open.remove();
    assertThat(lease.close(new Completed(200))).isTrue();
    assertThat(lease.backend().inflight()).isNotNegative();
    return lease.backend();
  }

  int held() {
    return open.size();
  }

  /** How often each server was chosen, over that many picks with so many requests under way. */
  int[] shares(int picks, int underWay) {
    int[] counts = new int[servers.length];
    for (int i = 0; i < picks; i++) {
      if (held() >= underWay) {
        release();
      }
      counts[hold()]++;
    }
    return counts;
  }

  /** Ends every lease; nothing may be left in flight. */
  void finish() {
    while (held() > 0) {
      release();
    }
    assertThat(Arrays.stream(servers).mapToInt(Backend::inflight)).containsOnly(0);
  }
}
