package dev.caravan.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is read of EndpointSlices, by the rules of their API. */
class SlicesTest {

  private static Endpoint pod(
      String name,
      String address,
      @Nullable Boolean ready,
      @Nullable Boolean serving,
      @Nullable Boolean terminating) {
    return new EndpointBuilder()
        .withAddresses(address)
        .withNewTargetRef()
        .withKind("Pod")
        .withName(name)
        .endTargetRef()
        .withNewConditions()
        .withReady(ready)
        .withServing(serving)
        .withTerminating(terminating)
        .endConditions()
        .withZone("zone-" + name)
        .build();
  }

  private static EndpointSlice slice(String name, String type, Endpoint... endpoints) {
    return new EndpointSliceBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .withAddressType(type)
        .withEndpoints(endpoints)
        .withPorts(
            new EndpointPortBuilder().withName("http").withPort(8000).build(),
            new EndpointPortBuilder().withName("metrics").withPort(9000).build())
        .build();
  }

  @Test
  void readyPods_areFoundByName_withTheirZone() {
    List<EndpointSlice> slices =
        List.of(
            slice("b", "IPv4", pod("p-1", "10.0.0.2", true, true, false)),
            slice("a", "IPv4", pod("p-0", "10.0.0.1", null, null, null)));
    assertThat(Slices.servers(slices, "http"))
        .containsExactly(
            new Found("p-0", "10.0.0.1", 8000, "zone-p-0"),
            new Found("p-1", "10.0.0.2", 8000, "zone-p-1"));
  }

  @Test
  void podsThatAreNotReadyOrTerminate_areNot() {
    EndpointSlice slice =
        slice(
            "a",
            "IPv4",
            pod("starting", "10.0.0.1", false, false, false),
            pod("leaving", "10.0.0.2", false, true, true),
            pod("odd", "10.0.0.3", true, true, true),
            pod("well", "10.0.0.4", true, true, false));
    assertThat(Slices.servers(List.of(slice), "http")).extracting(Found::key).containsOnly("well");
  }

  @Test
  void podWithAddressesOfBothKinds_isOne() {
    List<EndpointSlice> slices =
        List.of(
            slice("six", "IPv6", pod("p-0", "fd00::1", true, true, false)),
            slice("four", "IPv4", pod("p-0", "10.0.0.1", true, true, false)));
    assertThat(Slices.servers(slices, "http")).extracting(Found::host).containsExactly("10.0.0.1");
  }

  @Test
  void endpointWithoutAPod_isFoundByItsAddress() {
    Endpoint external = new EndpointBuilder().withAddresses("192.0.2.1").build();
    assertThat(Slices.servers(List.of(slice("a", "IPv4", external)), "http"))
        .containsExactly(new Found("192.0.2.1", "192.0.2.1", 8000, null));
  }

  @Test
  void port_isByNameOrNumber_orTheOnlyOne() {
    Endpoint pod = pod("p-0", "10.0.0.1", true, true, false);
    EndpointSlice slice = slice("a", "IPv4", pod);
    assertThat(Slices.servers(List.of(slice), "metrics"))
        .extracting(Found::port)
        .containsOnly(9000);
    assertThat(Slices.servers(List.of(slice), "8123")).extracting(Found::port).containsOnly(8123);
    assertThatThrownBy(() -> Slices.servers(List.of(slice), null))
        .hasMessageContaining("[http, metrics]: say which");
    assertThatThrownBy(() -> Slices.servers(List.of(slice), "grpc"))
        .hasMessageContaining("no port \"grpc\"");
    EndpointSlice single = slice("b", "IPv4", pod);
    single.setPorts(new ArrayList<>(single.getPorts().subList(0, 1)));
    assertThat(Slices.servers(List.of(single), null)).extracting(Found::port).containsOnly(8000);
  }

  @Test
  void sliceWithoutReadyEndpoints_needsNoPort() {
    EndpointSlice empty = slice("a", "IPv4");
    empty.setPorts(List.of());
    assertThat(Slices.servers(List.of(empty), "http")).isEmpty();
  }
}
