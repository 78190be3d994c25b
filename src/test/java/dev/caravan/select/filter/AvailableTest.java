package dev.caravan.select.filter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.ServerState;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;
import dev.caravan.select.FilterContract;
import java.util.List;
import org.junit.jupiter.api.Test;

class AvailableTest extends FilterContract {

  private static BackendView server(Availability availability) {
    return BackendView.of("gpu-a", 3, 1, 64, availability, true, false);
  }

  @Override
  protected Filter filter() {
    return new Available();
  }

  @Override
  protected List<BackendView> admitted() {
    return List.of(
        server(Availability.UP),
        server(new Availability(ServerState.BUSY, Use.ANY, "3 waiting", 0)));
  }

  @Override
  protected List<BackendView> refused() {
    return List.of(server(Availability.down("drained")));
  }

  @Test
  void reason_serverDown_isHealthsOwn() {
    BackendView view = server(Availability.down("no first token in 2 s"));
    assertThat(filter().reason(request, view)).isEqualTo("no first token in 2 s");
  }
}
