package dev.caravan.route;

import dev.caravan.select.Selection.Rejection;
import java.util.List;
import java.util.stream.Collectors;

/** No server of a pool may take a request now, and why. Carries no stack trace. */
final class NobodyEligible extends Exception {
  private static final long serialVersionUID = 1L;

  private final String pool;

  NobodyEligible(String pool, List<Rejection> reasons) {
    super(
        reasons.stream()
            .map(each -> each.backend() + ": " + each.reason())
            .collect(Collectors.joining("; ")),
        null,
        false,
        false);
    this.pool = pool;
  }

  /** The pool that could not answer. */
  String pool() {
    return pool;
  }
}
