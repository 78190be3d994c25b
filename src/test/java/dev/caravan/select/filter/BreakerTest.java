package dev.caravan.select.filter;

import dev.caravan.fleet.Availability;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;
import dev.caravan.select.FilterContract;
import java.util.List;

class BreakerTest extends FilterContract {

  private static BackendView server(boolean permitted) {
    return BackendView.of("gpu-a", 3, 1, 64, Availability.UP, permitted, false);
  }

  @Override
  protected Filter filter() {
    return new Breaker();
  }

  @Override
  protected List<BackendView> admitted() {
    return List.of(server(true));
  }

  @Override
  protected List<BackendView> refused() {
    return List.of(server(false));
  }
}
