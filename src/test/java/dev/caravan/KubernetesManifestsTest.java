package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The manifests in k8s/, as they are written: each by its schema, the names that the kustomizations
 * give, and the base as a whole. What kustomize makes of them is {@link RenderedManifestsTest}'s.
 */
class KubernetesManifestsTest {
  private static final Path K8S = Path.of("k8s");
  private static final Path DASHBOARD = Path.of("ops/grafana");

  @Test
  void manifestsAndPatches_matchTheSchemaOfTheirKind() throws Exception {
    int checked = 0;
    for (Path directory : Manifests.kustomizations(K8S)) {
      JsonNode kustomization = kustomization(directory);
      for (Path file : files(directory, kustomization)) {
        for (JsonNode document : Manifests.documents(file)) {
          HasMetadata manifest = Manifests.typed(document);
          assertThat(manifest.getMetadata().getName()).as(file.toString()).isNotBlank();
          checked++;
        }
      }
    }
    assertThat(checked).isGreaterThan(15);
  }

  @Test
  void schemas_areStrict() throws Exception {
    String deployment = Files.readString(K8S.resolve("base/deployment.yaml"));
    assertThat(Manifests.typed(deployment)).hasSize(1);
    for (String wrong :
        List.of(
            deployment.replace("periodSeconds: 1\n", "periodSecond: 1\n"),
            deployment.replace("replicas: 2", "replicas: two"),
            deployment.replace("readOnlyRootFilesystem: true", "readOnlyRootFileSystem: true"),
            deployment.replace("replicas: 2", "replicas: 2\n  replicas: 3"),
            deployment.replace("kind: Deployment", "kind: Deployments"))) {
      assertThat(wrong).isNotEqualTo(deployment);
      assertThatThrownBy(() -> Manifests.typed(wrong)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void kustomizations_nameEveryFile_andNothingElse() throws Exception {
    TreeSet<Path> named = new TreeSet<>();
    for (Path directory : Manifests.kustomizations(K8S)) {
      JsonNode kustomization = kustomization(directory);
      named.add(directory.resolve("kustomization.yaml"));
      named.addAll(files(directory, kustomization));
      named.addAll(generated(directory, kustomization).values());
      for (Path below : directories(directory, kustomization)) {
        assertThat(below.resolve("kustomization.yaml")).isRegularFile();
      }
    }
    try (Stream<Path> all = Files.walk(K8S)) {
      assertThat(all.filter(Files::isRegularFile).filter(f -> f.toString().endsWith(".yaml")))
          .containsExactlyInAnyOrderElementsOf(named);
    }
  }

  @Test
  void patches_haveSomethingToPatch() throws Exception {
    List<String> base = new ArrayList<>();
    for (HasMetadata manifest : base()) {
      base.add(manifest.getKind() + "/" + manifest.getMetadata().getName());
    }
    int patches = 0;
    for (Path directory : Manifests.kustomizations(K8S)) {
      for (JsonNode patch : kustomization(directory).path("patches")) {
        JsonNode target =
            patch.has("path")
                ? Manifests.documents(directory.resolve(patch.path("path").asText())).get(0)
                : patch.path("target");
        String name =
            target.has("metadata")
                ? target.path("metadata").path("name").asText()
                : target.path("name").asText();
        assertThat(base).contains(target.path("kind").asText() + "/" + name);
        patches++;
      }
    }
    assertThat(patches).isGreaterThan(2);
  }

  @Test
  void base_agreesWithItselfAndWithTheCode() throws Exception {
    ManifestRules rules = new ManifestRules(base());
    rules.check();
    // Only who watches EndpointSlices has use for a token.
    assertThat(rules.pod().getAutomountServiceAccountToken()).isFalse();
  }

  @Test
  void routes_keepTheNameOfTheirConfigMap_soThatAChangeReachesRunningPods() throws Exception {
    int generators = 0;
    for (Path directory : Manifests.kustomizations(K8S)) {
      for (JsonNode generator : kustomization(directory).path("configMapGenerator")) {
        assertThat(generator.path("options").path("disableNameSuffixHash").asBoolean()).isTrue();
        generators++;
      }
    }
    assertThat(generators).isEqualTo(3);
  }

  @Test
  void demoOverlay_hasTheDemosRoutes() throws Exception {
    assertThat(Files.readString(K8S.resolve("overlays/demo/routes/demo.yaml")))
        .isEqualTo(Files.readString(Path.of("routes/demo.yaml")));
  }

  @Test
  void serviceMonitor_findsTheManagementService() throws Exception {
    Path file = K8S.resolve("components/monitoring/servicemonitor.yaml");
    ServiceMonitor monitor = (ServiceMonitor) Manifests.typed(Manifests.documents(file).get(0));
    HasMetadata service =
        base().stream()
            .filter(each -> each.getMetadata().getName().equals("caravan-management"))
            .findFirst()
            .orElseThrow();
    assertThat(service.getMetadata().getLabels())
        .containsAllEntriesOf(monitor.getSpec().getSelector().getMatchLabels());
    assertThat(monitor.getSpec().getEndpoints()).hasSize(1);
    assertThat(monitor.getSpec().getEndpoints().get(0).getPort()).isEqualTo("management");
    assertThat(monitor.getSpec().getEndpoints().get(0).getPath()).isEqualTo("/q/metrics");
  }

  @Test
  void autoscaler_goesByAMetricThatIsDocumented() throws Exception {
    Path file = K8S.resolve("components/autoscaling/horizontalpodautoscaler.yaml");
    String metric =
        Manifests.documents(file).get(0).at("/spec/metrics/0/pods/metric/name").asText();
    assertThat(Files.readString(Path.of("docs/metrics.md"))).contains("| `" + metric + "` | gauge");
    assertThat(Files.readString(K8S.resolve("README.md"))).contains(metric);
  }

  @Test
  void dashboard_isTakenFromItsOwnFile() throws Exception {
    JsonNode kustomization = kustomization(DASHBOARD);
    Map<String, Path> files = generated(DASHBOARD, kustomization);
    assertThat(files).containsOnlyKeys("caravan-dashboard/caravan.json");
    assertThat(files.values()).allMatch(Files::isRegularFile);
  }

  @Test
  void prometheusRule_hasTheRulesOfItsSource() throws Exception {
    JsonNode rules = Manifests.documents(Path.of("ops/prometheus/alerts.yaml")).get(0);
    Path file = K8S.resolve("components/monitoring/prometheusrule.yaml");
    assertThat(Manifests.documents(file).get(0).path("spec"))
        .as("run k8s/components/monitoring/rules.sh")
        .isEqualTo(rules);
  }

  // ---- what the kustomizations name

  /** The base with the ConfigMaps that it generates. */
  private static List<HasMetadata> base() throws IOException {
    Path directory = K8S.resolve("base");
    JsonNode kustomization = kustomization(directory);
    List<HasMetadata> manifests = new ArrayList<>();
    for (Path file : files(directory, kustomization)) {
      for (JsonNode document : Manifests.documents(file)) {
        manifests.add(Manifests.typed(document));
      }
    }
    for (JsonNode generator : kustomization.path("configMapGenerator")) {
      ConfigMapBuilder made =
          new ConfigMapBuilder()
              .withNewMetadata()
              .withName(generator.path("name").asText())
              .addToLabels("app.kubernetes.io/name", "caravan")
              .endMetadata();
      for (JsonNode file : generator.path("files")) {
        Path path = directory.resolve(file.asText());
        made.addToData(String.valueOf(path.getFileName()), Files.readString(path));
      }
      manifests.add(made.build());
    }
    return manifests;
  }

  private static JsonNode kustomization(Path directory) {
    List<JsonNode> documents = Manifests.documents(directory.resolve("kustomization.yaml"));
    assertThat(documents).hasSize(1);
    assertThat(documents.get(0).path("kind").asText()).isIn("Kustomization", "Component");
    return documents.get(0);
  }

  /** The manifests and patches of a kustomization. */
  private static List<Path> files(Path directory, JsonNode kustomization) {
    List<Path> files = new ArrayList<>();
    for (JsonNode resource : kustomization.path("resources")) {
      if (resource.asText().endsWith(".yaml")) {
        files.add(directory.resolve(resource.asText()));
      }
    }
    for (JsonNode patch : kustomization.path("patches")) {
      if (patch.has("path")) {
        files.add(directory.resolve(patch.path("path").asText()));
      }
    }
    return files;
  }

  private static List<Path> directories(Path directory, JsonNode kustomization) {
    List<Path> below = new ArrayList<>();
    kustomization
        .path("resources")
        .forEach(
            each -> {
              if (!each.asText().endsWith(".yaml")) {
                below.add(directory.resolve(each.asText()).normalize());
              }
            });
    kustomization
        .path("components")
        .forEach(each -> below.add(directory.resolve(each.asText()).normalize()));
    return below;
  }

  /** The files of ConfigMaps, by ConfigMap and key. */
  private static Map<String, Path> generated(Path directory, JsonNode kustomization) {
    Map<String, Path> files = new HashMap<>();
    for (JsonNode generator : kustomization.path("configMapGenerator")) {
      for (JsonNode file : generator.path("files")) {
        String said = file.asText();
        int equals = said.indexOf('=');
        Path path = directory.resolve(said.substring(equals + 1));
        String key = equals < 0 ? String.valueOf(path.getFileName()) : said.substring(0, equals);
        files.put(generator.path("name").asText() + "/" + key, path);
      }
    }
    return files;
  }
}
