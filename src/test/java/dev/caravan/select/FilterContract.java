package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every filter must hold. */
public abstract class FilterContract {
  protected final InferenceRequest request;

  protected FilterContract() {
    this(AnyRequest.chat());
  }

  /** For a filter that goes by the request. */
  protected FilterContract(InferenceRequest request) {
    this.request = request;
  }

  protected abstract Filter filter();

  /** Servers that the filter lets pass. */
  protected abstract List<BackendView> admitted();

  /** Servers that it does not. */
  protected abstract List<BackendView> refused();

  @Test
  void name_always_isFitForALog() {
    assertThat(filter().name()).matches("[a-z]+(-[a-z]+)*");
  }

  @Test
  void admits_serversItKnowsNothingAgainst_letsPass() {
    assertThat(admitted()).isNotEmpty().allMatch(view -> filter().admits(request, view));
    assertThat(filter().admits(request, Offers.server("idle", 0, 1))).isTrue();
  }

  @Test
  void admits_serversWithItsGround_refusesWithAReasonForPeople() {
    assertThat(refused()).isNotEmpty().noneMatch(view -> filter().admits(request, view));
    assertThat(refused())
        .allSatisfy(view -> assertThat(filter().reason(request, view)).isNotBlank());
  }

  @Test
  void admits_askedTwice_saysTheSame() {
    for (BackendView view : refused()) {
      assertThat(filter().admits(request, view)).isEqualTo(filter().admits(request, view));
      assertThat(filter().reason(request, view)).isEqualTo(filter().reason(request, view));
    }
  }
}
