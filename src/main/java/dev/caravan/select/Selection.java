package dev.caravan.select;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import java.util.List;

/** What came of a choice. Immutable. */
public sealed interface Selection {

  /**
   * One was chosen.
   *
   * @param index its position among the servers that were offered
   * @param considered how many were eligible
   * @param panic whether too few servers were usable, so that those of which the verdict may be
   *     wrong were eligible as well
   */
  record Selected(Backend backend, int index, int considered, boolean panic) implements Selection {}

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
