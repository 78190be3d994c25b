package dev.caravan.select.filter;

import dev.caravan.fleet.Availability;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;
import dev.caravan.select.FilterContract;
import java.util.List;

class UntriedTest extends FilterContract {

  private static BackendView server(boolean tried) {
    return BackendView.of("gpu-a", 3, 1, 64, Availability.UP, true, tried);
  }

  @Override
  protected Filter filter() {
    return new Untried();
  }

  @Override
  protected List<BackendView> admitted() {
    return List.of(server(false));
  }

  @Override
  protected List<BackendView> refused() {
    return List.of(server(true));
  }
}
