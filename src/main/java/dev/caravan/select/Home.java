package dev.caravan.select;

import dev.caravan.fleet.Load;
import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.ServerState;
import dev.caravan.select.Selection.Basis;
import dev.caravan.select.Selection.Rejection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the server where a conversation is at home, and who takes its request where that cannot.
 * Belongs to the thread that makes the selection, and holds the last answer.
 */
final class Home {
  /*
   * Rendezvous hashing: every conversation has an order of its own over all servers, drawn from its
   * digest and their names alone. Its home is the first that is there. So all gateways find the same
   * home without talking, a server that leaves takes no other conversation along, and one that comes
   * back has its own again. There is no table of bindings, so nothing has to be rewritten, and
   * nothing can be left over. Source: Thaler and Ravishankar, "Using name-based mappings to increase
   * hit rates", IEEE/ACM ToN 1998; weights as in Schindelhauer and Schomaker, SPAA 2005.
   *
   * A bound on the load: a home that has more than `bound` times its even share lets a request go to
   * the next in order, and nothing is noted down, so that the one after that is at home again. Source:
   * Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with bounded loads", SODA 2018. Load is
   * the requests that a server holds, and the time until it has computed the prompts it was sent;
   * either may be over. What nobody would notice does not count: the even share of a quiet pool is
   * less than one request.
   */

  /** In flight on a server of weight 1 before its bound counts; chosen without experiment. */
  static final int FREE = 8;

  /** Milliseconds of prompts before its bound counts: half a second is a pause, not a wait. */
  static final double FREE_MILLIS = 500;

  private int position;
  private Basis basis = Basis.OWNER;
  private int strict = -1;

  /**
   * Finds the home of a conversation.
   *
   * @param only the one server that can take it, by its position in the snapshot; negative where
   *     that is the conversation's own to say
   */
  Home find(long digest, Snapshot snapshot, Candidates candidates, Affinity affinity, int only) {
    boolean bound = only >= 0 || affinity.mode() == Affinity.Stickiness.STRICT;
    int owner = only >= 0 ? only : owner(digest, snapshot, !bound);
    strict = -1;
    position = -1;
    if (bound) {
      strict = owner;
      basis = Basis.OWNER;
      for (int i = 0; i < candidates.size(); i++) {
        if (candidates.view(i).index() == owner) {
          position = i;
        }
      }
      return this;
    }
    position = firstWithin(digest, candidates, affinity.boundPercent(), false);
    if (position >= 0) {
      int index = candidates.view(position).index();
      basis =
          index == owner
              ? Basis.OWNER
              : among(owner, candidates) || merelyFull(snapshot.view(owner))
                  ? Basis.SPILLED
                  : Basis.MOVED;
    }
    return this;
  }

  /** The position among the eligible of who takes the request; -1 for nobody. */
  int position() {
    return position;
  }

  Basis basis() {
    return basis;
  }

  /** Of everyone's reasons those that count: the home's alone, where nobody else may take it. */
  List<Rejection> rejections(List<Rejection> all, Snapshot snapshot) {
    if (strict < 0) {
      return all;
    }
    String name = snapshot.view(strict).name();
    return all.stream()
        .filter(each -> each.backend().equals(name))
        .map(
            each ->
                new Rejection(
                    name,
                    Selection.AFFINITY,
                    "the conversation is at home there and may not go elsewhere; "
                        + each.filter()
                        + ": "
                        + each.reason(),
                    each.availability()))
        .toList();
  }

  /** Whether nothing speaks against it but what it holds. */
  private static boolean merelyFull(BackendView view) {
    return view.availability().eligible() && view.permitted() && !view.tried();
  }

  private static boolean among(int index, Candidates candidates) {
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.view(i).index() == index) {
        return true;
      }
    }
    return false;
  }

  /**
   * The first in order of all; -1 where there is none.
   *
   * @param emptied whether those count that are being emptied
   */
  private static int owner(long digest, Snapshot snapshot, boolean emptied) {
    int owner = -1;
    double best = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < snapshot.size(); i++) {
      BackendView view = snapshot.view(i);
      if (emptied || view.availability().state() != ServerState.DRAINING) {
        double rank = Rendezvous.rank(digest, view.nameDigest(), view.weight());
        if (rank > best) {
          best = rank;
          owner = i;
        }
      }
    }
    return owner;
  }

  /**
   * The first in order that is within its bound; the first of all where nobody is.
   *
   * @param shares whether a server in slow start is the first for fewer keys; otherwise it is that
   *     for as many as ever, and its bound alone holds it back
   */
  static int firstWithin(long digest, Candidates candidates, int boundPercent, boolean shares) {
    // Lives in registers: it does not leave this method.
    Bound bound = new Bound(candidates, boundPercent);
    int size = candidates.size();
    int first = -1;
    int within = -1;
    double best = Double.NEGATIVE_INFINITY;
    double bestWithin = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < size; i++) {
      BackendView view = candidates.view(i);
      double weight = shares ? part(view) : view.weight();
      double rank = Rendezvous.rank(digest, view.nameDigest(), weight);
      if (rank > best) {
        best = rank;
        first = i;
      }
      if (rank > bestWithin && !bound.isOver(view)) {
        bestWithin = rank;
        within = i;
      }
    }
    return within >= 0 ? within : first;
  }

  /** What keeps servers within their bounds. */
  static final class Bound {
    private final double longest;
    private final double all;
    private final double parts;

    Bound(Candidates candidates, int boundPercent) {
      long inflight = 1;
      double sum = 0;
      double millis = 0;
      int size = candidates.size();
      for (int i = 0; i < size; i++) {
        BackendView view = candidates.view(i);
        inflight += view.inflight() - view.background().settled();
        sum += part(view);
        millis += Home.wait(view);
      }
      double bound = boundPercent / 100.0;
      longest = Math.max(FREE_MILLIS, bound * millis / size);
      all = bound * inflight;
      parts = sum;
    }

    boolean isOver(BackendView view) {
      return view.inflight() - view.background().settled() + 1 > most(view, all, parts)
          || Home.wait(view) > longest
          || view.availability().state() == ServerState.BUSY;
    }

    /** Why one of the eligible is over its bound; null where it is within. */
    @Nullable String over(BackendView view) {
      double most = most(view, all, parts);
      if (view.inflight() - view.background().settled() + 1 > most) {
        return view.inflight()
            - view.background().settled()
            + " in flight of at most "
            + (long) most;
      }
      if (Home.wait(view) > longest) {
        return Math.round(Home.wait(view))
            + " ms of prompts to compute, of at most "
            + Math.round(longest);
      }
      return view.availability().state() == ServerState.BUSY
          ? "busy, " + view.availability().reason()
          : null;
    }
  }

  /**
   * How many requests a server may hold.
   *
   * @param all what all of them may hold together
   */
  private static double most(BackendView view, double all, double parts) {
    return Math.ceil(Math.max(FREE * part(view), all * part(view) / parts));
  }

  static double part(BackendView view) {
    return view.weight() * view.share();
  }

  /**
   * Milliseconds until it has computed the prompts that it was sent. Without what every request
   * costs beside: requests without much of a prompt are counted, not timed.
   */
  private static double wait(BackendView view) {
    double prompts = view.backlogTokens() - (double) view.queued() * Load.FIXED_TOKENS;
    return Math.max(0, prompts) / view.tokensPerMilli();
  }
}
