package dev.caravan.select;

/**
 * A scorer and how much it counts beside the others of its row.
 *
 * @param weight over 0 and finite; only its ratio to the other weights matters
 */
public record WeightedScorer(Scorer scorer, double weight) {

  public WeightedScorer {
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "weight of scorer " + scorer.name() + " is " + weight + "; it must be over 0 and finite");
    }
  }
}
