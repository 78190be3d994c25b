package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What kubectl makes of k8s/: {@code ./mvnw verify -Pkustomize}. Needs kubectl on the path, and no
 * cluster.
 */
@Tag("kustomize")
class RenderedManifestsTest {
  @TempDir Path directory;

  @Test
  void base_agreesWithItselfAndWithTheCode() throws Exception {
    List<HasMetadata> manifests = rendered("base");
    new ManifestRules(manifests).check();
    assertThat(deployment(manifests).getSpec().getReplicas()).isEqualTo(2);
  }

  @Test
  void demo_isOneGatewayWithItsOwnServers() throws Exception {
    List<HasMetadata> manifests = rendered("overlays/demo");
    new ManifestRules(manifests).check();
    assertThat(deployment(manifests).getSpec().getReplicas()).isEqualTo(1);
    assertThat(Manifests.one(manifests, ConfigMap.class, "caravan-routes").getData())
        .containsOnlyKeys("fleet.yaml")
        .containsEntry("fleet.yaml", Files.readString(Path.of("routes/demo.yaml")));
  }

  @Test
  void production_hasAllComponents() throws Exception {
    List<HasMetadata> manifests = rendered("overlays/production");
    ManifestRules rules = new ManifestRules(manifests);
    rules.check();
    // The autoscaler's, who has three at least.
    assertThat(deployment(manifests).getSpec().getReplicas()).isNull();
    HorizontalPodAutoscaler scaler =
        Manifests.one(manifests, HorizontalPodAutoscaler.class, "caravan");
    assertThat(scaler.getSpec().getMinReplicas()).isEqualTo(3);
    assertThat(scaler.getSpec().getScaleTargetRef().getName()).isEqualTo("caravan");
    RoleBinding binding = Manifests.one(manifests, RoleBinding.class, "caravan-discovery");
    assertThat(binding.getSubjects().get(0).getName())
        .isEqualTo(rules.pod().getServiceAccountName());
    assertThat(rules.pod().getAutomountServiceAccountToken()).isTrue();
    assertThat(rules.pod().getAffinity().getPodAntiAffinity()).isNotNull();
    assertThat(rules.pod().getVolumes())
        .anyMatch(volume -> volume.getSecret() != null)
        .noneMatch(volume -> volume.getHostPath() != null);
    Manifests.one(manifests, ServiceMonitor.class, "caravan");
    Manifests.one(manifests, PrometheusRule.class, "caravan");
    assertThat(Manifests.one(manifests, ConfigMap.class, "caravan-dashboard").getData())
        .containsOnlyKeys("caravan.json");
  }

  private static Deployment deployment(List<HasMetadata> manifests) {
    return Manifests.one(manifests, Deployment.class, "caravan");
  }

  private List<HasMetadata> rendered(String overlay) throws Exception {
    Path out = directory.resolve("rendered.yaml");
    Path complaints = directory.resolve("complaints");
    Process kubectl;
    try {
      kubectl =
          new ProcessBuilder("kubectl", "kustomize", "k8s/" + overlay)
              .redirectOutput(out.toFile())
              .redirectError(complaints.toFile())
              .start();
    } catch (IOException e) {
      throw new AssertionError(
          "kubectl is needed: https://kubernetes.io/docs/tasks/tools/#kubectl", e);
    }
    try {
      assertThat(kubectl.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      kubectl.destroyForcibly();
    }
    assertThat(Files.readString(complaints, StandardCharsets.UTF_8)).isEmpty();
    assertThat(kubectl.exitValue()).isZero();
    return Manifests.typed(Files.readString(out));
  }
}
