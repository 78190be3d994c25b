package dev.caravan.limit;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** What was charged and refused since the start, of one account or of many. Safe for any thread. */
public final class Totals {
  private final LongAdder charged = new LongAdder();
  private final Map<Limit, LongAdder> refused = new EnumMap<>(Limit.class);

  Totals() {
    for (Limit limit : Limit.values()) {
      refused.put(limit, new LongAdder());
    }
  }

  void refuse(Limit by) {
    Objects.requireNonNull(refused.get(by)).increment();
  }

  void charge(long count) {
    charged.add(count);
  }

  /** Requests that were refused for this limit. */
  public long refused(Limit by) {
    return Objects.requireNonNull(refused.get(by)).sum();
  }

  /** Tokens that requests cost, as it was settled. */
  public long charged() {
    return charged.sum();
  }
}
