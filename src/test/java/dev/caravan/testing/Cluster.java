package dev.caravan.testing;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import java.net.URI;
import java.util.HashMap;

/** An API server on loopback that knows EndpointSlices; each pod of a test has a slice. */
public final class Cluster implements AutoCloseable {
  /** Where its pods are. */
  public static final String NAMESPACE = "models";

  private final KubernetesMockServer server =
      new KubernetesMockServer(
          new Context(),
          new MockWebServer(),
          new HashMap<>(),
          new KubernetesCrudDispatcher(),
          false);
  private final KubernetesClient client;

  public Cluster() {
    server.init();
    client = client();
  }

  /** A client for a gateway, which closes it. */
  public KubernetesClient client() {
    return server.createClient();
  }

  /** A pod is there, or has changed. */
  public void pod(
      String service, String name, URI at, boolean ready, boolean serving, boolean terminating) {
    EndpointSlice slice =
        new EndpointSliceBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace(NAMESPACE)
            .addToLabels("kubernetes.io/service-name", service)
            .endMetadata()
            .withAddressType("IPv4")
            .addNewPort()
            .withName("http")
            .withPort(at.getPort())
            .endPort()
            .addNewEndpoint()
            .withAddresses(at.getHost())
            .withNewTargetRef()
            .withKind("Pod")
            .withName(name)
            .endTargetRef()
            .withNewConditions()
            .withReady(ready)
            .withServing(serving)
            .withTerminating(terminating)
            .endConditions()
            .endEndpoint()
            .build();
    client.resource(slice).createOr(existing -> existing.update());
  }

  /** A pod is ready. */
  public void ready(String service, String name, URI at) {
    pod(service, name, at, true, true, false);
  }

  /** A pod is gone. */
  public void gone(String name) {
    client.discovery().v1().endpointSlices().inNamespace(NAMESPACE).withName(name).delete();
  }

  @Override
  public void close() {
    client.close();
    server.destroy();
  }
}
