package dev.caravan.select;

import dev.caravan.select.filter.Available;
import dev.caravan.select.filter.BackgroundRoom;
import dev.caravan.select.filter.Breaker;
import dev.caravan.select.filter.Capacity;
import dev.caravan.select.filter.Untried;
import dev.caravan.select.pick.BestScore;
import dev.caravan.select.pick.Rotation;
import dev.caravan.select.pick.SmoothWeighted;
import dev.caravan.select.pick.TwoChoices;
import dev.caravan.select.score.ExpectedTtft;
import dev.caravan.select.score.LeastInflight;
import dev.caravan.select.score.LeastTokens;
import dev.caravan.select.score.PeakTtft;
import dev.caravan.time.Chance;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The balancers that routes can name. Each is one row of the table; each row has a card in docs.
 */
public final class Balancers {

  // What lasts longest comes first, because the first ground found is the one people read.
  private static final List<Filter> SOUND =
      List.of(new Available(), new Breaker(), new Capacity(), new Untried(), new BackgroundRoom());

  private static final List<Row> TABLE =
      List.of(
          new Row("round-robin", Gauges.NONE, SOUND, List.of(), chance -> new Rotation()),
          new Row("weighted", Gauges.NONE, SOUND, List.of(), chance -> new SmoothWeighted()),
          new Row("least-inflight", Gauges.NONE, SOUND, only(new LeastInflight()), BestScore::new),
          new Row("least-tokens", Gauges.LOAD, SOUND, only(new LeastTokens()), BestScore::new),
          new Row("peak-ewma", Gauges.LOAD_AND_TTFT, SOUND, only(new PeakTtft()), BestScore::new),
          new Row("power-of-two", Gauges.NONE, SOUND, only(new LeastInflight()), TwoChoices::new),
          new Row("consistent-hash", Gauges.LOAD, SOUND, List.of(), chance -> new ConsistentHash()),
          new Row(
              "prefix-affinity",
              Gauges.LOAD_AND_PREFIX,
              SOUND,
              only(new ExpectedTtft()),
              BestScore::new));

  private Balancers() {}

  /** As {@link #named(String, Means)}, with means of its own. */
  public static Selector named(String name, Chance chance) {
    return named(name, Means.of(chance));
  }

  /**
   * A new selector that nobody else uses.
   *
   * @param means what it is made with
   * @throws IllegalArgumentException for a name that is not in the table; the message has those
   *     that are
   */
  public static Selector named(String name, Means means) {
    for (Row row : TABLE) {
      if (row.name.equals(name)) {
        return new Selector(
            row.name,
            row.gauges.make(means),
            row.gauges == Gauges.NONE ? List.of(new LoadGauge(means.ticker())) : List.of(),
            row.filters,
            row.scorers,
            row.picker.apply(means.chance()),
            row.picker.apply(means.chance()));
      }
    }
    throw new IllegalArgumentException(
        "no balancer is named \""
            + name
            + "\"; there are "
            + names().stream().collect(Collectors.joining(", ")));
  }

  /** The names in the table, in its order. */
  public static List<String> names() {
    return TABLE.stream().map(Row::name).toList();
  }

  private static List<WeightedScorer> only(Scorer scorer) {
    return List.of(new WeightedScorer(scorer, 1));
  }

  /** What a row's scorers and picker go by, beside the numbers that every snapshot has. */
  private enum Gauges {
    NONE,
    LOAD,
    LOAD_AND_TTFT,
    LOAD_AND_PREFIX;

    List<Gauge> make(Means means) {
      Gauge room = new BackgroundGauge(means.ticker());
      Gauge load = new LoadGauge(means.ticker());
      return switch (this) {
        case NONE -> List.of(room);
        case LOAD -> List.of(room, load);
        case LOAD_AND_TTFT -> List.of(room, load, new TtftGauge(means.ticker()));
        case LOAD_AND_PREFIX -> List.of(room, load, new PrefixGauge(means.prefixes()));
      };
    }
  }

  private record Row(
      String name,
      Gauges gauges,
      List<Filter> filters,
      List<WeightedScorer> scorers,
      Function<Chance, Picker> picker) {}
}
