package dev.caravan.select;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.PoolPolicy.Affinity.Stickiness;
import dev.caravan.fleet.ServerState;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Explanation.Measure;
import dev.caravan.select.Explanation.Server;
import dev.caravan.select.Explanation.Verdict;
import dev.caravan.select.Selection.Basis;
import dev.caravan.select.Selection.NoneEligible;
import dev.caravan.select.Selection.Rejection;
import dev.caravan.select.Selection.Selected;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Lets a selector choose for one request, or says what it would choose, and puts into words what
 * lies on the thread's desk then. Belongs to the calling thread.
 */
final class Explainer {
  private final Selector selector;
  private final InferenceRequest request;
  private final Affinity affinity;
  private final int only;
  private final Snapshot snapshot = Selector.desk().snapshot;
  private final Candidates candidates = Selector.desk().candidates;
  private final Home home = Selector.desk().home;

  /**
   * One for a choice.
   *
   * @param only as in {@link Selector#select}
   */
  Explainer(Selector selector, InferenceRequest request, Affinity affinity, int only) {
    this.selector = selector;
    this.request = request;
    this.affinity = affinity;
    this.only = only;
  }

  Selection select(Backend[] backends, Tried tried, int panicPercent, Consumer<Explanation> told) {
    candidates.asked(true);
    try {
      Selection selection = selector.select(request, backends, tried, panicPercent, affinity, only);
      boolean panic = Selector.panics(snapshot, panicPercent);
      if (selection instanceof Selected chosen) {
        told.accept(explanation(panic, chosen.index(), chosen.basis(), List.of()));
      } else if (selection instanceof NoneEligible none) {
        told.accept(explanation(panic, -1, null, none.reasons()));
      }
      return selection;
    } finally {
      candidates.asked(false);
    }
  }

  /** As {@link Selector#select}, but that the picker is asked for a look ahead. */
  Explanation foretell(Backend[] backends, int panicPercent) {
    candidates.asked(true);
    try {
      boolean free =
          selector.read(Selector.desk(), request, backends, Tried.NONE, affinity) && only < 0;
      boolean panic = Selector.panics(snapshot, panicPercent);
      selector.admit(request, snapshot, panic, candidates);
      if (free && candidates.size() > 0) {
        int position = selector.picker(request).peek(request, candidates);
        int index = position == Picker.BY_LOT ? -1 : candidates.view(position).index();
        return explanation(panic, index, Basis.BALANCER, List.of());
      }
      List<Rejection> reasons = selector.rejections(request, snapshot, panicPercent);
      if (free) {
        return explanation(panic, -1, null, reasons);
      }
      home.find(request.conversation().digest(), snapshot, candidates, affinity, only);
      return home.position() < 0
          ? explanation(panic, -1, null, home.rejections(reasons, snapshot))
          : explanation(panic, candidates.view(home.position()).index(), home.basis(), List.of());
    } finally {
      candidates.asked(false);
    }
  }

  private Explanation explanation(
      boolean panic, int winner, @Nullable Basis basis, List<Rejection> reasons) {
    int[] places = places();
    String[] overBound = overBound(basis);
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < snapshot.size(); i++) {
      servers.add(server(snapshot.view(i), panic, places[i], overBound[i]));
    }
    Why why = new Why(selector, request, affinity, only, servers, candidates);
    return new Explanation(
        selector.name(),
        Explanation.Asked.of(request, affinity.mode()),
        servers,
        panic,
        winner < 0 ? null : snapshot.view(winner).name(),
        basis == Basis.BALANCER ? why.lot() : List.of(),
        basis,
        basis == null ? why.nobody(reasons) : why.won(winner, basis));
  }

  // ---- each server

  private Server server(BackendView view, boolean panic, int place, @Nullable String overBound) {
    List<Verdict> verdicts = new ArrayList<>();
    boolean eligible = true;
    for (Filter filter : selector.filters) {
      boolean admits = Selector.admits(filter, request, view, panic);
      boolean well = filter.admits(request, view);
      verdicts.add(new Verdict(filter.name(), admits, well ? "" : filter.reason(request, view)));
      eligible &= admits;
    }
    List<Measure> measures = new ArrayList<>();
    for (Scorer scorer : selector.scorers) {
      measures.add(
          new Measure(
              scorer.name(),
              scorer.measure(request, view),
              scorer.unit(),
              scorer.score(request, view)));
    }
    return new Server(
        view.name(),
        eligible,
        verdicts,
        measures,
        measures.isEmpty() ? null : (Double) selector.score(request, view),
        view.inflight(),
        view.maxInflight(),
        view.weight(),
        view.share(),
        reads(LoadGauge.class)
            ? new Explanation.Work(
                view.tokens(),
                view.queued(),
                view.backlogTokens(),
                view.tokensPerMilli(),
                view.ttftMillisPerToken())
            : null,
        reads(PrefixGauge.class)
            ? new Explanation.Cache(view.cachedTokens(), view.pressure())
            : null,
        place,
        overBound);
  }

  private boolean reads(Class<? extends Gauge> kind) {
    for (Gauge gauge : selector.gauges) {
      if (kind.isInstance(gauge)) {
        return true;
      }
    }
    if (affinity.mode() != Stickiness.OFF && request.conversation().known()) {
      for (Gauge gauge : selector.homeGauges) {
        if (kind.isInstance(gauge)) {
          return true;
        }
      }
    }
    return false;
  }

  // ---- orders of servers

  /** Each server's place in the order of the conversation or the prompt, from 1; 0 for none. */
  private int[] places() {
    int[] places = new int[snapshot.size()];
    boolean homely = affinity.mode() != Stickiness.OFF && request.conversation().known();
    if (only >= 0 || !(homely || selector.picker(request) instanceof ConsistentHash)) {
      return places;
    }
    long key = homely ? request.conversation().digest() : ConsistentHash.key(request);
    double[] ranks = new double[snapshot.size()];
    for (int i = 0; i < ranks.length; i++) {
      BackendView view = snapshot.view(i);
      double weight = homely ? view.weight() : Home.part(view);
      ranks[i] = Rendezvous.rank(key, view.nameDigest(), weight);
    }
    boolean emptied = homely && affinity.mode() == Stickiness.SOFT; // as Home counts them
    int place = 0;
    for (int index :
        IntStream.range(0, ranks.length)
            .filter(i -> emptied || snapshot.view(i).availability().state() != ServerState.DRAINING)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -ranks[i]))
            .toList()) {
      places[index] = ++place;
    }
    return places;
  }

  /** Why each server is over its bound, by position in the offer; null where it is not. */
  private @Nullable String[] overBound(@Nullable Basis basis) {
    @Nullable String[] over = new @Nullable String[snapshot.size()];
    boolean hashed = basis == Basis.BALANCER && selector.picker(request) instanceof ConsistentHash;
    boolean spills =
        basis != null && basis != Basis.BALANCER && affinity.mode() == Stickiness.SOFT && only < 0;
    if (hashed || spills) {
      int percent = hashed ? ConsistentHash.BOUND_PERCENT : affinity.boundPercent();
      Home.Bound bound = new Home.Bound(candidates, percent);
      for (int i = 0; i < candidates.size(); i++) {
        over[candidates.view(i).index()] = bound.over(candidates.view(i));
      }
    }
    return over;
  }
}
