package dev.caravan.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.Cluster;
import dev.caravan.time.Scheduler;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Servers are found by their EndpointSlices, at fabric8's API server. */
class KubernetesFinderTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final URI POD = URI.create("http://10.0.0.1:8000");

  private final DefaultEventExecutorGroup loops = new DefaultEventExecutorGroup(1);
  private final List<List<Found>> found = new CopyOnWriteArrayList<>();
  private final List<String> failures = new CopyOnWriteArrayList<>();
  private final Finder.Listener listener =
      new Finder.Listener() {
        @Override
        public void found(List<Found> servers) {
          found.add(servers);
        }

        @Override
        public void failed(String why) {
          failures.add(why);
        }
      };

  @AfterEach
  void stop() {
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private KubernetesFinder finder(KubernetesClient client) {
    return new KubernetesFinder(() -> client, Scheduler.on(loops));
  }

  private List<String> keys() {
    return found.isEmpty()
        ? List.of("nothing was told")
        : found.get(found.size() - 1).stream().map(Found::key).toList();
  }

  @Test
  void pods_areFound_andBelievedToBeGoneAtOnce() {
    try (Cluster cluster = new Cluster();
        KubernetesFinder finder = finder(cluster.client())) {
      cluster.ready("vllm", "pod-a", POD);
      cluster.ready("other", "pod-x", POD);
      Runnable stop = finder.watch(new Place.Kubernetes("models", "vllm", "http"), listener);
      await().atMost(LONG).until(() -> keys().equals(List.of("pod-a")));
      cluster.ready("vllm", "pod-b", POD);
      await().atMost(LONG).until(() -> keys().equals(List.of("pod-a", "pod-b")));
      cluster.gone("pod-a");
      cluster.pod("vllm", "pod-b", POD, false, true, true);
      await().atMost(LONG).until(() -> keys().isEmpty());
      assertThat(failures).isEmpty();
      stop.run();
    }
  }

  @Test
  void serviceWithoutPods_isSaidToHaveNone() {
    try (Cluster cluster = new Cluster();
        KubernetesFinder finder = finder(cluster.client())) {
      finder.watch(new Place.Kubernetes("models", "vllm", null), listener);
      await().atMost(LONG).until(() -> keys().isEmpty());
    }
  }

  @Test
  void portThatIsNotThere_isAFailure() {
    try (Cluster cluster = new Cluster();
        KubernetesFinder finder = finder(cluster.client())) {
      cluster.ready("vllm", "pod-a", POD);
      finder.watch(new Place.Kubernetes("models", "vllm", "grpc"), listener);
      await().atMost(LONG).until(() -> !failures.isEmpty());
      assertThat(failures.get(0)).isEqualTo("the Service has no port \"grpc\", only [http]");
      assertThat(found).isEmpty();
    }
  }

  @Test
  void apiServerThatRefuses_isAFailure_andFindsNobody() {
    KubernetesMockServer refusing = new KubernetesMockServer(false);
    refusing.init();
    try (KubernetesFinder finder = finder(refusing.createClient())) {
      finder.watch(new Place.Kubernetes("models", "vllm", "http"), listener);
      await().atMost(LONG).until(() -> !failures.isEmpty());
      assertThat(failures.get(0)).startsWith("the API server said 404");
      assertThat(found).isEmpty();
    } finally {
      refusing.destroy();
    }
  }
}
