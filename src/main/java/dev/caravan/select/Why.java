package dev.caravan.select;

import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.PoolPolicy.Affinity.Stickiness;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Explanation.Measure;
import dev.caravan.select.Explanation.Server;
import dev.caravan.select.Explanation.Verdict;
import dev.caravan.select.Picker.Rule;
import dev.caravan.select.Selection.Basis;
import dev.caravan.select.Selection.Rejection;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The sentence that says why a choice came about. Belongs to the thread that chose. */
final class Why {
  /** Servers that are named in a sentence; the rest are counted. */
  private static final int NAMED = 8;

  private final Selector selector;
  private final InferenceRequest request;
  private final Affinity affinity;
  private final int only;
  private final List<Server> servers;
  private final Candidates candidates;

  Why(
      Selector selector,
      InferenceRequest request,
      Affinity affinity,
      int only,
      List<Server> servers,
      Candidates candidates) {
    this.selector = selector;
    this.request = request;
    this.affinity = affinity;
    this.only = only;
    this.servers = servers;
    this.candidates = candidates;
  }

  // ---- nobody

  String nobody(List<Rejection> reasons) {
    if (reasons.isEmpty()) {
      return "no server was offered";
    }
    boolean homeOnly = reasons.stream().anyMatch(r -> r.filter().equals(Selection.AFFINITY));
    return (homeOnly ? "its home is out: " : "no server is eligible: ")
        + reasons.stream()
            .limit(NAMED)
            .map(each -> each.backend() + " (" + each.filter() + ": " + each.reason() + ")")
            .collect(Collectors.joining(", "))
        + more(reasons.size());
  }

  private static String more(int all) {
    return all > NAMED ? " and " + (all - NAMED) + " more" : "";
  }

  /** What speaks against a server that is not eligible. */
  static String refusal(Server server) {
    Verdict verdict = server.refusal();
    return verdict == null ? "" : verdict.filter() + ": " + verdict.reason();
  }

  // ---- somebody

  /** Those among whom chance decides; empty where it does not. */
  List<String> lot() {
    List<String> names = new ArrayList<>();
    Rule rule = candidates.rule();
    if (rule == null) {
      return names;
    }
    double whole = candidates.whole();
    double worst = 1;
    double best = 0;
    int worsts = 0;
    int drawable = 0;
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.view(i).share() >= whole) {
        double score = candidates.score(i);
        worsts = score < worst ? 1 : score == worst ? worsts + 1 : worsts;
        worst = Math.min(worst, score);
        best = Math.max(best, score);
        drawable++;
      }
    }
    for (int i = 0; i < candidates.size(); i++) {
      double score = candidates.score(i);
      boolean held = candidates.view(i).share() < whole;
      boolean drawn =
          switch (rule) {
            case LOT -> score == best && !held;
            // Of two both are drawn. One that is worse than all others is never the better of two;
            // one in a slow start, if it is due, comes before two that are worse than it.
            case TWO ->
                held
                    ? drawable > 2 && score >= worst
                    : drawable > 2 ? score > worst || worsts > 1 : worst == best && drawable == 2;
            default -> false;
          };
      if (drawn) {
        names.add(candidates.view(i).name());
      }
    }
    return names;
  }

  /**
   * Why somebody could be chosen.
   *
   * @param winner the position in the offer; negative where chance would decide
   */
  String won(int winner, Basis basis) {
    return switch (basis) {
      case OWNER ->
          only >= 0
              ? "it stores the response before this request, and no other does"
              : affinity.mode() == Stickiness.STRICT
                  ? "home of the conversation, which may go nowhere else"
                  : "home of the conversation" + though(winner);
      case SPILLED, MOVED -> "next in the order of the conversation: its home " + first(winner);
      case BALANCER ->
          winner >= 0 && candidates.size() == 1
              ? "the only eligible server"
              : byRule(winner, Objects.requireNonNull(candidates.rule()));
    };
  }

  private String though(int winner) {
    String over = servers.get(winner).overBound();
    return over == null ? "" : ", though over its bound, as all others are: " + over;
  }

  /** Who comes first in the order, and what speaks against it. */
  private String first(int winner) {
    for (Server each : servers) {
      if (each.place() == 1) {
        String over = each.overBound();
        return each.name()
            + (over != null ? " is over its bound: " + over : " is passed over: " + refusal(each));
      }
    }
    return servers.get(winner).name();
  }

  private String byRule(int winner, Rule rule) {
    return switch (rule) {
      case TURN -> "its turn: of the eligible servers it has waited longest";
      case WEIGHT -> "its turn, as weights and past choices have it";
      case DUE -> "due a request in its slow start, at a share of " + number(share(winner));
      case LOT -> (winner < 0 ? "to be drawn" : "drawn") + " by lot among " + alike();
      case TWO -> two(winner);
      case BEST -> best(winner);
      case ORDER -> order(winner);
    };
  }

  private double share(int winner) {
    return servers.get(winner).share();
  }

  private String alike() {
    List<String> names = lot();
    return names.size()
        + " equals, "
        + String.join(", ", names.subList(0, Math.min(NAMED, names.size())))
        + more(names.size())
        + ", each with "
        + labelled(candidatePosition(names.get(0)));
  }

  private int candidatePosition(String name) {
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.view(i).name().equals(name)) {
        return i;
      }
    }
    throw new IllegalArgumentException(name);
  }

  private String two(int winner) {
    int other = candidates.detail();
    if (other < 0) {
      return "to be the better of two that are drawn by lot";
    }
    int one = position(winner);
    String names = "of two drawn, beside " + candidates.view(other).name();
    return candidates.score(one) == candidates.score(other)
        ? names + ", the first; both with " + labelled(one)
        : names + ", the one with the lower " + labelled(one) + ", not " + value(other);
  }

  private String best(int winner) {
    int one = position(winner);
    double whole = candidates.whole();
    int next = -1;
    int better = -1;
    for (int i = 0; i < candidates.size(); i++) {
      if (i == one) {
        continue;
      }
      if (candidates.view(i).share() < whole) {
        better = candidates.score(i) >= candidates.score(one) ? i : better;
      } else if (next < 0 || candidates.score(i) > candidates.score(next)) {
        next = i;
      }
    }
    return "lowest "
        + labelled(one)
        + (next < 0 ? "" : ", next " + candidates.view(next).name() + " " + value(next))
        + (better < 0
            ? ""
            : "; " + candidates.view(better).name() + ", in its slow start, is not due one");
  }

  private String order(int winner) {
    String whose = request.conversation().known() ? "conversation" : "prompt";
    return servers.get(winner).place() == 1
        ? "first in the order of its " + whose + though(winner)
        : "next in the order of its " + whose + ": " + first(winner);
  }

  private int position(int winner) {
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.view(i).index() == winner) {
        return i;
      }
    }
    throw new IllegalArgumentException("nobody eligible is at position " + winner);
  }

  // ---- numbers

  /** What a score is made of, such as {@code expected-ttft: 41 ms}. */
  private String labelled(int position) {
    Measure one = measure(position);
    return one == null ? "score: " + value(position) : one.scorer() + ": " + value(position);
  }

  private String value(int position) {
    Measure one = measure(position);
    return one == null
        ? number(candidates.score(position))
        : number(one.measure()) + " " + (one.measure() == 1 ? singular(one) : one.unit());
  }

  /** A request of requests; symbols such as ms have no plural. */
  private static String singular(Measure one) {
    String unit = one.unit();
    return unit.length() > 2 && unit.endsWith("s") ? unit.substring(0, unit.length() - 1) : unit;
  }

  /** Where there is one scorer, its measure says more than the score. */
  private @Nullable Measure measure(int position) {
    List<Measure> all = servers.get(candidates.view(position).index()).scorers();
    return selector.scorers.length == 1 ? all.get(0) : null;
  }

  /** To three digits; whole numbers as they are. */
  static String number(double value) {
    return Math.abs(value) >= 100 || value == Math.rint(value)
        ? Long.toString(Math.round(value))
        : new BigDecimal(value)
            .round(new MathContext(3, RoundingMode.HALF_UP))
            .stripTrailingZeros()
            .toPlainString();
  }
}
