package dev.caravan.select.filter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;
import dev.caravan.select.FilterContract;
import java.util.List;
import org.junit.jupiter.api.Test;

class CapacityTest extends FilterContract {

  private static BackendView server(int inflight, int maxInflight) {
    return BackendView.of("gpu-a", inflight, 1, maxInflight, Availability.UP, true, false);
  }

  @Override
  protected Filter filter() {
    return new Capacity();
  }

  @Override
  protected List<BackendView> admitted() {
    return List.of(server(0, 1), server(63, 64), server(100_000, BackendSpec.UNLIMITED));
  }

  @Override
  protected List<BackendView> refused() {
    // The last one's limit was lowered by a reload.
    return List.of(server(1, 1), server(64, 64), server(9, 4));
  }

  @Test
  void reason_serverFull_hasTheNumbers() {
    assertThat(filter().reason(request, server(64, 64))).isEqualTo("64 in flight of at most 64");
  }
}
