package dev.caravan.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What operators set lies over what routes say, whatever becomes of these. */
class OverridesTest {
  private final Overrides overrides = new Overrides();
  private final Fleet fleet = new Fleet(overrides::join);

  private static BackendSpec spec(int weight) {
    return BackendSpec.of("gpu-a", URI.create("http://a")).withWeight(weight);
  }

  @Test
  void weight_survivesReloads_untilItIsTakenBack() {
    Backend gpu = fleet.register(spec(2));
    Overrides.Change change =
        overrides.change(gpu, before -> before.withWeight(7).signed("ana", 1_000));
    assertThat(change.before()).isEqualTo(ServerOverride.NONE);
    assertThat(change.now()).isEqualTo(new ServerOverride(false, false, 7, "ana", 1_000));
    assertThat(gpu.spec().weight()).isEqualTo(7);
    fleet.register(spec(3));
    assertThat(gpu.spec().weight()).isEqualTo(7);
    fleet.register(
        new BackendSpec("gpu-a", URI.create("http://b"), 3, 9, "m", null, "z", Map.of()));
    assertThat(gpu.spec().url()).isEqualTo(URI.create("http://b"));
    assertThat(gpu.spec().maxInflight()).isEqualTo(9);
    assertThat(gpu.spec().weight()).isEqualTo(7);
    overrides.change(gpu, before -> before.withWeight(null));
    assertThat(gpu.spec().weight()).isEqualTo(3);
    assertThat(overrides.all()).isEmpty();
  }

  @Test
  void serverThatComesBack_hasItsOverrideFromTheStart() {
    Backend gpu = fleet.register(spec(2));
    overrides.change(gpu, before -> before.withWeight(7).withDrain(true).signed("ana", 1));
    Backend again = new Fleet(overrides::join).register(spec(2));
    assertThat(again).isNotSameAs(gpu);
    assertThat(again.spec().weight()).isEqualTo(7);
    assertThat(again.override().drain()).isTrue();
    overrides.forget("gpu-a");
    assertThat(overrides.all()).isEmpty();
  }

  @Test
  void partsOfAnOverride_areTakenBackOneByOne() {
    Backend gpu = fleet.register(spec(2));
    overrides.change(gpu, before -> before.withDrain(true).withEject(true).withWeight(4));
    overrides.change(gpu, before -> before.withDrain(false));
    assertThat(gpu.override().eject()).isTrue();
    overrides.change(gpu, before -> before.withEject(false));
    assertThat(gpu.override().weight()).isEqualTo(4);
    overrides.change(gpu, before -> before.withWeight(null));
    assertThat(gpu.override()).isSameAs(ServerOverride.NONE);
  }
}
