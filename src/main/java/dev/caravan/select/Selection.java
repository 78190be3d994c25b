package dev.caravan.select;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Work;
import java.util.List;

/** What came of a choice. Immutable. */
public sealed interface Selection {

  /** The filter of a rejection that says: nobody else may take the request. */
  String AFFINITY = "affinity";

  /**
   * One was chosen.
   *
   * @param index its position among the servers that were offered
   * @param considered how many were eligible
   * @param panic whether too few servers were usable, so that those of which the verdict may be
   *     wrong were eligible as well
   * @param basis what made it the one
   * @param work what the request is thought to ask of it
   */
  record Selected(Backend backend, int index, int considered, boolean panic, Basis basis, Work work)
      implements Selection {}

  /** What made a server the one that was chosen. */
  enum Basis {
    /** The balancer's own rule. */
    BALANCER("balancer"),
    /** The conversation is at home there. */
    OWNER("owner"),
    /**
     * The conversation's home has more than its share now: the next in its order takes this one.
     */
    SPILLED("spilled"),
    /** The conversation's home is out: it lives at the next in its order until that is back. */
    MOVED("moved");

    private final String label;

    Basis(String label) {
      this.label = label;
    }

    /** The word for it in logs and metrics. */
    public String label() {
      return label;
    }
  }

  /** Nobody may take the request, and why, server by server. */
  record NoneEligible(List<Rejection> reasons) implements Selection {
    public NoneEligible {
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * Why one server was passed over.
   *
   * @param filter the name of the filter that said no
   * @param availability what health said of the server
   */
  record Rejection(String backend, String filter, String reason, Availability availability) {}
}
