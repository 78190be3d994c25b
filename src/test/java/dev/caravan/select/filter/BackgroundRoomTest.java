package dev.caravan.select.filter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Room;
import dev.caravan.request.AnyRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;
import dev.caravan.select.FilterContract;
import dev.caravan.select.Offers;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackgroundRoomTest extends FilterContract {

  BackgroundRoomTest() {
    super(AnyRequest.chat().background(true));
  }

  private static BackendView server(Room room) {
    return Offers.server("gpu-a", 5, 1).yielding(2, 900, room);
  }

  @Override
  protected Filter filter() {
    return new BackgroundRoom();
  }

  @Override
  protected List<BackendView> admitted() {
    return List.of(server(Room.FREE));
  }

  @Override
  protected List<BackendView> refused() {
    return List.of(server(Room.SLOTS), server(Room.QUEUE), server(Room.PACE), server(Room.CACHE));
  }

  @Test
  void admits_interactiveRequest_whateverTheRoom() {
    assertThat(refused()).allMatch(view -> filter().admits(AnyRequest.chat(), view));
  }

  @Test
  void reason_saysWhatItWaitsFor() {
    assertThat(filter().reason(request, server(Room.QUEUE)))
        .isEqualTo(
            "5 in flight, and background work waits:"
                + " an interactive request waits for its first token");
  }
}
