package dev.caravan.select;

import dev.caravan.select.filter.Available;
import dev.caravan.select.filter.Breaker;
import dev.caravan.select.filter.Capacity;
import dev.caravan.select.filter.Untried;
import dev.caravan.select.pick.BestScore;
import dev.caravan.select.pick.Rotation;
import dev.caravan.select.pick.SmoothWeighted;
import dev.caravan.select.score.LeastInflight;
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
      List.of(new Available(), new Breaker(), new Capacity(), new Untried());

  private static final List<Row> TABLE =
      List.of(
          new Row("round-robin", SOUND, List.of(), chance -> new Rotation()),
          new Row("weighted", SOUND, List.of(), chance -> new SmoothWeighted()),
          new Row("least-inflight", SOUND, only(new LeastInflight()), BestScore::new));

  private Balancers() {}

  /**
   * A new selector that nobody else uses.
   *
   * @param chance where random choices come from
   * @throws IllegalArgumentException for a name that is not in the table; the message has those
   *     that are
   */
  public static Selector named(String name, Chance chance) {
    for (Row row : TABLE) {
      if (row.name.equals(name)) {
        return new Selector(row.name, row.filters, row.scorers, row.picker.apply(chance));
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

  private record Row(
      String name,
      List<Filter> filters,
      List<WeightedScorer> scorers,
      Function<Chance, Picker> picker) {}
}
