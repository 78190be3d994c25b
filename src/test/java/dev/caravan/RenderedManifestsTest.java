package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.SecretVolumeSource;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  @ParameterizedTest
  @ValueSource(strings = {"autoscaling", "discovery", "monitoring", "tls"})
  void component_fitsTheBaseAlone(String component) throws Exception {
    List<HasMetadata> manifests = withBase(component);
    new ManifestRules(manifests).check();
    assertThat(manifests).isNotEqualTo(rendered("base"));
  }

  @Test
  void tls_isServedFromTheSecret_andTheServiceSaysSo() throws Exception {
    List<HasMetadata> manifests = withBase("tls");
    PodSpec pod = new ManifestRules(manifests).pod();
    Map<String, String> environment = new HashMap<>();
    pod.getContainers()
        .get(0)
        .getEnv()
        .forEach(each -> environment.put(each.getName(), each.getValue()));
    String entry = String.valueOf(environment.get("CARAVAN_HTTP_TLS"));
    String files = "QUARKUS_TLS_" + entry.toUpperCase(Locale.ROOT) + "_KEY_STORE_PEM_0_";
    VolumeMount mount =
        pod.getContainers().get(0).getVolumeMounts().stream()
            .filter(each -> each.getName().equals("tls"))
            .findFirst()
            .orElseThrow();
    // The names that Kubernetes gives a certificate and its key in a Secret of its kind.
    assertThat(environment)
        .containsEntry(files + "CERT", mount.getMountPath() + "/tls.crt")
        .containsEntry(files + "KEY", mount.getMountPath() + "/tls.key");
    assertThat(mount.getSubPath()).isNull();
    SecretVolumeSource secret =
        pod.getVolumes().stream()
            .filter(each -> each.getName().equals("tls"))
            .findFirst()
            .orElseThrow()
            .getSecret();
    assertThat(secret.getSecretName()).isEqualTo("caravan-tls");
    assertThat(secret.getDefaultMode()).isEqualTo(0440);
    List<ServicePort> ports =
        Manifests.one(manifests, Service.class, "caravan").getSpec().getPorts();
    assertThat(ports).hasSize(1);
    assertThat(ports.get(0).getAppProtocol()).isEqualTo("https");
    assertThat(ports.get(0).getPort()).isEqualTo(8080);
  }

  /** What the base and one component make together. */
  private List<HasMetadata> withBase(String component) throws Exception {
    Path k8s = directory.toRealPath().relativize(Path.of("k8s").toAbsolutePath().toRealPath());
    Files.writeString(
        directory.resolve("kustomization.yaml"),
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources: [%1$s/base]
        components: [%1$s/components/%2$s]
        """
            .formatted(k8s, component));
    return made(directory);
  }

  private static Deployment deployment(List<HasMetadata> manifests) {
    return Manifests.one(manifests, Deployment.class, "caravan");
  }

  private List<HasMetadata> rendered(String overlay) throws Exception {
    return made(Path.of("k8s", overlay));
  }

  private List<HasMetadata> made(Path kustomization) throws Exception {
    Path out = directory.resolve("rendered.yaml");
    Path complaints = directory.resolve("complaints");
    Process kubectl;
    try {
      kubectl =
          new ProcessBuilder("kubectl", "kustomize", kustomization.toString())
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
