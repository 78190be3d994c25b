package dev.caravan.select.pick;

import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Candidates;
import dev.caravan.select.Offers;
import dev.caravan.select.Snapshot;
import java.util.Arrays;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/** Pickers that remember, under every interleaving that the model checker comes to. */
class PickerInterleavingTest {
  private static final InferenceRequest REQUEST = AnyRequest.chat();

  @Test
  void smoothWeighted_picksAtOnce_areSomeOrderOfOneSequence() {
    options().check(Weighted.class);
  }

  @Test
  void rotation_picksAtOnce_areSomeOrderOfOneSequence() {
    options().check(Rotating.class);
  }

  private static ModelCheckingOptions options() {
    // Chosen without experiment: a few seconds on two cores.
    return new ModelCheckingOptions()
        .iterations(3)
        .invocationsPerIteration(150)
        .threads(3)
        .actorsPerThread(2)
        .actorsBefore(1)
        .actorsAfter(2);
  }

  /** The candidates for every set of eligible servers, made before anyone picks. */
  private static Candidates[] subsets(Snapshot offer) {
    Candidates[] subsets = new Candidates[1 << offer.size()];
    for (int i = 0; i < subsets.length; i++) {
      int set = i;
      subsets[i] = Offers.some(offer, index -> (set & 1 << index) != 0);
    }
    return subsets;
  }

  /** Weights 3, 2 and 1; an operation's argument is the set of the eligible ones. */
  @Param(name = "eligible", gen = IntGen.class, conf = "1:7")
  public static class Weighted {
    private final SmoothWeighted picker = new SmoothWeighted();
    private final Candidates[] subsets = subsets(Offers.weights(3, 2, 1));

    @Operation(params = "eligible")
    public int pick(int eligible) {
      return subsets[eligible].view(picker.pick(REQUEST, subsets[eligible])).index();
    }

    @Validate
    public void pointsAreOnlyMoved() {
      if (Arrays.stream(picker.points()).sum() != 0) {
        throw new AssertionError(Arrays.toString(picker.points()));
      }
    }
  }

  /** Three servers; an operation's argument is the set of the eligible ones. */
  @Param(name = "eligible", gen = IntGen.class, conf = "1:7")
  public static class Rotating {
    private final Rotation picker = new Rotation();
    private final Candidates[] subsets = subsets(Offers.alike(3));

    @Operation(params = "eligible")
    public int pick(int eligible) {
      return subsets[eligible].view(picker.pick(REQUEST, subsets[eligible])).index();
    }
  }
}
