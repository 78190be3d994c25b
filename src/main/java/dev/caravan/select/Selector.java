package dev.caravan.select;

import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.Work;
import dev.caravan.request.Api;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Selection.Basis;
import dev.caravan.select.Selection.NoneEligible;
import dev.caravan.select.Selection.Rejection;
import dev.caravan.select.Selection.Selected;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * Chooses a server for a request: reads a snapshot, filters, scores, picks. One serves one {@code
 * loadBalance} step, because its picker may remember earlier picks.
 *
 * <p>Safe for any thread; takes no lock. What it reads goes into rows that the calling thread keeps
 * and fills anew each time: only the answer is allocated, and whatever its picker remembers.
 */
public final class Selector {
  private static final FastThreadLocal<Desk> DESK =
      new FastThreadLocal<>() {
        @Override
        protected Desk initialValue() {
          return new Desk();
        }
      };

  /** Where no server is the only one that can take a request. */
  public static final int NO_HOME = -1;

  private final String name;
  final Filter[] filters;
  final Scorer[] scorers;
  private final double[] weights;
  private final double totalWeight;
  private final Picker picker;
  private final Picker backgroundPicker;
  final Gauge[] gauges;
  final Gauge[] homeGauges;

  /**
   * A row put together.
   *
   * @param name as routes spell it
   * @param filters all of them must admit a server; the first that does not gives the reason
   * @param scorers their weighted mean is the score; may be empty, then everyone's is 1
   */
  public Selector(String name, List<Filter> filters, List<WeightedScorer> scorers, Picker picker) {
    this(name, List.of(), List.of(), filters, scorers, picker, picker);
  }

  /**
   * A row put together.
   *
   * @param gauges read what its scorers and its picker go by, in that order
   * @param backgroundPicker has turns of its own: where background work goes says nothing of others
   * @param homeGauges read what homes of conversations go by, where the others do not
   */
  Selector(
      String name,
      List<Gauge> gauges,
      List<Gauge> homeGauges,
      List<Filter> filters,
      List<WeightedScorer> scorers,
      Picker picker,
      Picker backgroundPicker) {
    this.name = name;
    this.gauges = gauges.toArray(Gauge[]::new);
    this.homeGauges = homeGauges.toArray(Gauge[]::new);
    this.filters = filters.toArray(Filter[]::new);
    this.scorers = scorers.stream().map(WeightedScorer::scorer).toArray(Scorer[]::new);
    this.weights = scorers.stream().mapToDouble(WeightedScorer::weight).toArray();
    this.totalWeight = scorers.stream().mapToDouble(WeightedScorer::weight).sum();
    this.picker = picker;
    this.backgroundPicker = backgroundPicker;
  }

  /** The balancer's name, as routes spell it. */
  public String name() {
    return name;
  }

  /**
   * Chooses one of the servers. It does not hold the server: {@link dev.caravan.fleet.Lease#open}
   * does, and where that is refused because others were faster, select again.
   *
   * @param backends the step's servers, in an order that changes only as servers come and go
   * @param tried who has had this request already
   * @param panicPercent below this share of servers that health lets have any request, those of
   *     which its verdict may be wrong are eligible as well: better a request that may fail
   *     elsewhere than the whole load on the last one. From 0, for never, to 100
   * @param affinity whether the request's conversation has a home among the servers
   * @param only the position of the one server that can take it; {@link #NO_HOME} for none such
   * @return the one chosen, or everyone's reason; no reasons only where nobody was offered
   */
  public Selection select(
      InferenceRequest request,
      Backend[] backends,
      Tried tried,
      int panicPercent,
      Affinity affinity,
      int only) {
    Desk desk = DESK.get();
    Snapshot snapshot = desk.snapshot;
    boolean free = read(desk, request, backends, tried, affinity);
    Candidates candidates = desk.candidates;
    boolean panic = panics(snapshot, panicPercent);
    admit(request, snapshot, panic, candidates);
    Basis basis = Basis.BALANCER;
    int position;
    if (free && only < 0) {
      if (candidates.size() == 0) {
        return new NoneEligible(rejections(request, snapshot, panicPercent));
      }
      position = picker(request).pick(request, candidates);
    } else {
      long digest = request.conversation().digest();
      Home home = desk.home.find(digest, snapshot, candidates, affinity, only);
      if (home.position() < 0) {
        return new NoneEligible(
            home.rejections(rejections(request, snapshot, panicPercent), snapshot));
      }
      position = home.position();
      basis = home.basis();
    }
    BackendView view = candidates.view(position);
    Backend chosen = backends[view.index()];
    return new Selected(
        chosen, view.index(), candidates.size(), panic, basis, work(request, chosen, view));
  }

  /** Reads everyone's numbers; whether the conversation has no say in who takes the request. */
  boolean read(
      Desk desk, InferenceRequest request, Backend[] backends, Tried tried, Affinity affinity) {
    desk.snapshot.read(backends, tried);
    for (Gauge gauge : gauges) {
      gauge.read(request, backends, desk.snapshot);
    }
    boolean free = affinity.mode() == Affinity.Stickiness.OFF || !request.conversation().known();
    for (int i = 0; !free && i < homeGauges.length; i++) {
      homeGauges[i].read(request, backends, desk.snapshot);
    }
    return free;
  }

  /**
   * As the longest of these, for one who wants to know why.
   *
   * @param told why this very choice came about, before it has any effect; on the calling thread
   */
  public Selection select(
      InferenceRequest request,
      Backend[] backends,
      Tried tried,
      int panicPercent,
      Affinity affinity,
      int only,
      Consumer<Explanation> told) {
    return new Explainer(this, request, affinity, only).select(backends, tried, panicPercent, told);
  }

  /**
   * What {@link #select} would choose now of servers that have not had the request, and why. It
   * counts as no pick and changes nothing.
   */
  public Explanation explain(
      InferenceRequest request, Backend[] backends, int panicPercent, Affinity affinity, int only) {
    return new Explainer(this, request, affinity, only).foretell(backends, panicPercent);
  }

  /** As the longest of these, where no server is the only one. */
  public Selection select(
      InferenceRequest request,
      Backend[] backends,
      Tried tried,
      int panicPercent,
      Affinity affinity) {
    return select(request, backends, tried, panicPercent, affinity, NO_HOME);
  }

  /** As the longest of these, without affinity. */
  public Selection select(
      InferenceRequest request, Backend[] backends, Tried tried, int panicPercent) {
    return select(request, backends, tried, panicPercent, Affinity.OFF);
  }

  private static Work work(InferenceRequest request, Backend chosen, BackendView view) {
    int prompt = request.promptTokens();
    int most = request.maxTokens();
    int output = request.api() == Api.EMBEDDINGS ? 0 : chosen.load().outputTokens();
    return new Work(
        prompt,
        Math.min(view.cachedTokens(), prompt),
        most < 0 ? output : Math.min(output, most),
        request.stream(),
        request.background());
  }

  /**
   * The request has a place on the server at that position of the offer, and is about to be sent:
   * those that come next may find its prompt there.
   */
  public void sent(InferenceRequest request, Backend[] backends, int index) {
    for (Gauge gauge : gauges) {
      gauge.sent(request, backends, index);
    }
  }

  /**
   * What {@link #select} read last on the calling thread, for its log line; valid until the next
   * selection there, by whichever selector.
   */
  public static Snapshot lastRead() {
    return DESK.get().snapshot;
  }

  /**
   * The choice that {@link #select} would make of these numbers. It counts as a pick: a log's lines
   * are replayed in order by a new selector of the same name, with the same seed.
   *
   * @param panicPercent as it was
   * @return the position of the one chosen in the snapshot; empty where nobody is eligible
   */
  public OptionalInt replay(InferenceRequest request, Snapshot snapshot, int panicPercent) {
    Candidates candidates = new Candidates();
    admit(request, snapshot, panics(snapshot, panicPercent), candidates);
    return candidates.size() == 0
        ? OptionalInt.empty()
        : OptionalInt.of(candidates.view(picker(request).pick(request, candidates)).index());
  }

  /** Who is passed over, and why, in the order of the offer. Does not count as a pick. */
  public List<Rejection> rejections(InferenceRequest request, Snapshot snapshot, int panicPercent) {
    boolean panic = panics(snapshot, panicPercent);
    List<Rejection> reasons = new ArrayList<>();
    for (int i = 0; i < snapshot.size(); i++) {
      BackendView view = snapshot.view(i);
      for (Filter filter : filters) {
        if (!admits(filter, request, view, panic)) {
          reasons.add(
              new Rejection(
                  view.name(), filter.name(), filter.reason(request, view), view.availability()));
          break;
        }
      }
    }
    return reasons;
  }

  /** Whether too few are usable, and others may be used: without those it would change nothing. */
  static boolean panics(Snapshot snapshot, int percent) {
    int usable = 0;
    int spare = 0;
    int offered = snapshot.size();
    for (int i = 0; i < offered; i++) {
      Use use = snapshot.view(i).availability().use();
      usable += use == Use.ANY ? 1 : 0;
      spare += use == Use.LAST_RESORT ? 1 : 0;
    }
    return spare > 0 && usable * 100L < (long) percent * offered;
  }

  void admit(InferenceRequest request, Snapshot snapshot, boolean panic, Candidates candidates) {
    int offered = snapshot.size();
    candidates.clear(offered);
    for (int i = 0; i < offered; i++) {
      BackendView view = snapshot.view(i);
      if (admits(request, view, panic)) {
        candidates.add(view, score(request, view));
      }
    }
  }

  private boolean admits(InferenceRequest request, BackendView view, boolean panic) {
    for (Filter filter : filters) {
      if (!admits(filter, request, view, panic)) {
        return false;
      }
    }
    return true;
  }

  static boolean admits(Filter filter, InferenceRequest request, BackendView view, boolean panic) {
    return panic ? filter.admitsInPanic(request, view) : filter.admits(request, view);
  }

  double score(InferenceRequest request, BackendView view) {
    if (scorers.length == 0) {
      return 1;
    }
    double sum = 0;
    for (int i = 0; i < scorers.length; i++) {
      double score = scorers[i].score(request, view);
      if (!(score >= 0 && score <= 1)) {
        throw new IllegalStateException(
            "scorer " + scorers[i].name() + " gave " + view.name() + " " + score + ", not 0 to 1");
      }
      sum += weights[i] * score;
    }
    return sum / totalWeight;
  }

  @Override
  public String toString() {
    return name;
  }

  /** That of the calling thread. */
  static Desk desk() {
    return DESK.get();
  }

  Picker picker(InferenceRequest request) {
    return request.background() ? backgroundPicker : picker;
  }

  /** Where one thread makes its selections. */
  static final class Desk {
    final Snapshot snapshot = new Snapshot();
    final Candidates candidates = new Candidates();
    final Home home = new Home();
  }
}
