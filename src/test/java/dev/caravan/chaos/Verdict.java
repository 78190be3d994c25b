package dev.caravan.chaos;

import dev.caravan.chaos.Result.End;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a run must have come to. Each check adds to the problems; all are looked at. */
final class Verdict {
  /** Attempts over requests, those that found no connection not counted. */
  private static final double MOST_ATTEMPTS = 1.2;

  /** Of the fair share, at the end. Generous: a choice at random varies. */
  private static final double LEAST_SHARE = 0.4;

  /** Restarts that make an average. */
  private static final int RESTARTS = 6;

  /** A ramp from a tenth to the whole over three seconds begins with a quarter of it. */
  private static final double MOST_AT_FIRST = 0.75;

  private final Run run;
  private final List<String> problems = new ArrayList<>();

  private Verdict(Run run) {
    this.run = run;
  }

  /** What is wrong with a run; empty where nothing is. */
  static List<String> on(Run run) {
    Verdict verdict = new Verdict(run);
    verdict.nobodyFailed();
    verdict.nobodyWasToldLies();
    verdict.everyKindOfRequestCame();
    verdict.attemptsAreFew();
    verdict.noHerd();
    verdict.allServersTakePart();
    verdict.theLogAgrees();
    return verdict.problems;
  }

  private void nobodyFailed() {
    for (Result result : run.ended(End.FAILED)) {
      problems.add("failed though a server was well: " + result.line());
    }
  }

  private void nobodyWasToldLies() {
    for (Result result : run.ended(End.FALSE)) {
      problems.add("a false answer: " + result.line());
    }
  }

  /** A run in which nothing was asked proves nothing. */
  private void everyKindOfRequestCame() {
    for (End end : List.of(End.WHOLE, End.REJECTED, End.LEFT, End.CUT)) {
      if (run.ended(end).isEmpty()) {
        problems.add("of " + run.results().size() + " requests, none ended as " + end);
      }
    }
    if (run.results().stream().noneMatch(result -> result.attempts() > 1)) {
      problems.add("no request was sent to a second server");
    }
  }

  private void attemptsAreFew() {
    long requests = run.results().size();
    long attempts = run.attemptsConnected();
    if (attempts > MOST_ATTEMPTS * requests) {
      problems.add(attempts + " attempts for " + requests + " requests: " + run.attempts());
    }
  }

  private void noHerd() {
    List<Share> shares = Share.of(run);
    for (Share share : shares) {
      if (share.herd()) {
        problems.add("a herd: " + share);
      }
    }
    // One second says little of one server; that of many restarts says whether there is a ramp.
    List<Share> first = shares.stream().filter(share -> share.second() == 0).toList();
    double mean = first.stream().mapToDouble(Share::ofFair).average().orElse(0);
    if (first.size() >= RESTARTS && mean > MOST_AT_FIRST) {
      problems.add("servers began with " + mean + " of their fair share, on the average");
    }
  }

  private void allServersTakePart() {
    for (Schedule schedule : run.schedules()) {
      List<Result> last = run.sent(schedule.pool().model(), run.wellFromNanos(), Long.MAX_VALUE);
      Map<String, Integer> counts = Run.byBackend(last);
      double fair = (double) last.size() / schedule.pool().servers().size();
      for (String server : schedule.pool().servers()) {
        int its = counts.getOrDefault(server, 0);
        if (its < LEAST_SHARE * fair) {
          problems.add(server + " got " + its + " requests when all were well: " + counts);
        }
      }
    }
  }

  /** Each request that its client waited for has one line, which says what the client saw. */
  private void theLogAgrees() {
    Map<String, String> lines = new HashMap<>();
    Set<String> twice = new HashSet<>();
    for (String line : run.accessLog()) {
      String id = line.replaceFirst(".*\"request_id\":\"([^\"]*)\".*", "$1");
      if (lines.put(id, line) != null) {
        twice.add(id);
      }
    }
    if (!twice.isEmpty()) {
      problems.add("logged twice: " + twice);
    }
    for (Result result : run.results()) {
      String line = lines.getOrDefault(result.ask().id(), "no line");
      String outcome =
          switch (result.end()) {
            case WHOLE -> "completed";
            case CUT -> "failed_after_first_byte";
            default -> "";
          };
      if (!outcome.isEmpty() && !line.contains("\"outcome\":\"" + outcome + '"')) {
        problems.add("logged as " + line + ", but: " + result.line());
      }
    }
  }
}
