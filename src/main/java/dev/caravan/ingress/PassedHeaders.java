package dev.caravan.ingress;

import dev.caravan.request.InvalidRequest;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.ClientLimits;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The client's headers that were let in, by lower-case name, the first of a name counts; and those
 * that speak to the gateway itself.
 */
final class PassedHeaders implements HeaderAllowList.Receiver {
  private @Nullable Map<String, String> byName;
  private @Nullable OwnHeaders own;

  @Override
  public void passed(String name, String value) {
    if (byName == null) {
      byName = new LinkedHashMap<>();
    }
    byName.putIfAbsent(name, value);
  }

  @Override
  public void own(String name, String value) {
    if (own == null) {
      own = new OwnHeaders();
    }
    own.add(name, value);
  }

  Map<String, String> asMap() {
    return byName == null ? Map.of() : byName;
  }

  /**
   * Tells a call what its client said to the gateway.
   *
   * @throws InvalidRequest where that cannot be
   */
  void tell(Call call, long arrivedNanos, HttpIngress ingress) throws InvalidRequest {
    OwnHeaders said = own;
    if (said == null) {
      return;
    }
    call.clientRetries(said.retries());
    ClientLimits limits = said.limits(ingress.settings().maxTimeoutMillis());
    if (limits.any()) {
      call.limit(limits, arrivedNanos, ingress.ticker());
    }
  }
}
