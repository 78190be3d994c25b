package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.route.RouteFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The manifests in k8s/ agree with each other and with what Caravan does. */
class KubernetesManifestsTest {
  private static final Path DIRECTORY = Path.of("k8s");

  /** The manifests by kind. */
  private static final Map<String, Object> BY_KIND = new HashMap<>();

  private static List<Object> listed = List.of();
  private static List<String> present = List.of();

  @BeforeAll
  static void parse() throws IOException {
    listed = list(at(document(DIRECTORY.resolve("kustomization.yaml")), "resources"));
    for (Object name : listed) {
      Object manifest = document(DIRECTORY.resolve(name.toString()));
      assertThat(BY_KIND.put(text(manifest, "kind"), manifest)).isNull();
    }
    try (Stream<Path> files = Files.list(DIRECTORY)) {
      present =
          files
              .map(file -> file.getFileName().toString())
              .filter(n -> n.endsWith(".yaml"))
              .toList();
    }
  }

  @Test
  void kustomization_listsEveryManifest() {
    List<Object> all = new ArrayList<>(listed);
    all.add("kustomization.yaml");
    assertThat(present)
        .containsExactlyInAnyOrderElementsOf(all.stream().map(String::valueOf).toList());
    assertThat(BY_KIND).containsOnlyKeys("ConfigMap", "Deployment", "Service");
  }

  @Test
  void manifests_nameNoNamespace() {
    for (Object manifest : BY_KIND.values()) {
      assertThat(map(at(manifest, "metadata"))).doesNotContainKey("namespace");
    }
  }

  @Test
  void selectors_matchThePods() {
    Map<Object, Object> labels = map(at(deployment(), "spec", "template", "metadata", "labels"));
    assertThat(labels)
        .containsAllEntriesOf(map(at(deployment(), "spec", "selector", "matchLabels")))
        .containsAllEntriesOf(map(at(manifest("Service"), "spec", "selector")));
  }

  @Test
  void ports_areThoseThatCaravanOpens() throws Exception {
    Map<String, Object> ports = new HashMap<>();
    for (Object port : list(at(container(), "ports"))) {
      ports.put(text(port, "name"), at(port, "containerPort"));
    }
    String defaults = Files.readString(Path.of("application.properties"));
    assertThat(defaults)
        .contains("\ncaravan.http.port=" + ports.get("http") + "\n")
        .contains("\nquarkus.http.port=" + ports.get("management") + "\n");
    for (Object port : list(at(manifest("Service"), "spec", "ports"))) {
      assertThat(ports).containsKey(text(port, "targetPort"));
    }
    Object annotations = at(deployment(), "spec", "template", "metadata", "annotations");
    assertThat(text(annotations, "prometheus.io/port"))
        .isEqualTo(String.valueOf(ports.get("management")));
  }

  @Test
  void probes_askTheManagementPort_whichTheKubeletCanReach() {
    Map<String, String> paths =
        Map.of(
            "startupProbe", "/q/health/live",
            "livenessProbe", "/q/health/live",
            "readinessProbe", "/q/health/ready");
    paths.forEach(
        (probe, path) -> {
          assertThat(text(container(), probe, "httpGet", "path")).isEqualTo(path);
          assertThat(text(container(), probe, "httpGet", "port")).isEqualTo("management");
        });
    assertThat(environment()).containsEntry("QUARKUS_HTTP_HOST", "0.0.0.0");
  }

  @Test
  void pod_isGivenTheTimeThatItsWayOutTakes() {
    int grace =
        Integer.parseInt(
            text(deployment(), "spec", "template", "spec", "terminationGracePeriodSeconds"));
    int needed = 0;
    for (String name : List.of("CARAVAN_SHUTDOWN_DELAY", "CARAVAN_SHUTDOWN_TIMEOUT")) {
      String value = String.valueOf(environment().get(name));
      assertThat(value).matches("[0-9]+s");
      needed += Integer.parseInt(value.substring(0, value.length() - 1));
    }
    assertThat(grace).isGreaterThanOrEqualTo(needed + 5);
  }

  @Test
  void pod_isNotRootAndWritesOnlyWhereAVolumeIs() {
    Object pod = at(deployment(), "spec", "template", "spec");
    assertThat(at(pod, "securityContext", "runAsNonRoot")).isEqualTo(true);
    assertThat(text(pod, "securityContext", "seccompProfile", "type")).isEqualTo("RuntimeDefault");
    assertThat(at(container(), "securityContext", "readOnlyRootFilesystem")).isEqualTo(true);
    assertThat(at(container(), "securityContext", "allowPrivilegeEscalation")).isEqualTo(false);
    String accessLog = environment().get("CARAVAN_ACCESS_LOG_PATH");
    assertThat(mounts())
        .containsKey(String.valueOf(Path.of(String.valueOf(accessLog)).getParent()));
    assertThat(mounts()).containsKey("/tmp");
  }

  @Test
  void routes_areMountedWhole_whereCaravanReadsThem() {
    String directory = environment().get("CARAVAN_ROUTES_DIRECTORY");
    Object mount = Objects.requireNonNull(mounts().get(String.valueOf(directory)));
    assertThat(directory).isEqualTo("/etc/caravan/routes");
    assertThat(map(mount)).doesNotContainKey("subPath");
    Map<String, Object> volumes = new HashMap<>();
    for (Object each : list(at(deployment(), "spec", "template", "spec", "volumes"))) {
      volumes.put(text(each, "name"), each);
    }
    Object volume = Objects.requireNonNull(volumes.get(text(mount, "name")));
    assertThat(text(volume, "configMap", "name"))
        .isEqualTo(text(manifest("ConfigMap"), "metadata", "name"));
  }

  @Test
  void routesInTheConfigMap_validate() throws Exception {
    List<RouteFile> files = new ArrayList<>();
    map(at(manifest("ConfigMap"), "data"))
        .forEach((name, text) -> files.add(RouteFile.of(name.toString(), text.toString())));
    assertThat(files).isNotEmpty();
    assertThat(ExampleRoutesTest.validator().validate(files)).isEmpty();
  }

  private static Object manifest(String kind) {
    return Objects.requireNonNull(BY_KIND.get(kind), kind);
  }

  private static Object deployment() {
    return manifest("Deployment");
  }

  private static Object container() {
    List<Object> containers = list(at(deployment(), "spec", "template", "spec", "containers"));
    assertThat(containers).hasSize(1);
    return containers.get(0);
  }

  private static Map<String, String> environment() {
    Map<String, String> variables = new HashMap<>();
    for (Object each : list(at(container(), "env"))) {
      variables.put(text(each, "name"), text(each, "value"));
    }
    return variables;
  }

  private static Map<String, Object> mounts() {
    Map<String, Object> byPath = new HashMap<>();
    for (Object each : list(at(container(), "volumeMounts"))) {
      byPath.put(text(each, "mountPath"), each);
    }
    return byPath;
  }

  private static Object document(Path file) throws IOException {
    LoadSettings settings = LoadSettings.builder().setAllowDuplicateKeys(false).build();
    List<Object> documents = new ArrayList<>();
    new Load(settings).loadAllFromString(Files.readString(file)).forEach(documents::add);
    assertThat(documents).as(file.toString()).hasSize(1);
    return documents.get(0);
  }

  private static Object at(Object from, String... path) {
    Object found = from;
    for (String key : path) {
      assertThat(map(found)).as(String.join(".", path)).containsKey(key);
      found = Objects.requireNonNull(map(found).get(key));
    }
    return found;
  }

  private static String text(Object from, String... path) {
    return String.valueOf(at(from, path));
  }

  private static Map<Object, Object> map(Object value) {
    assertThat(value).isInstanceOf(Map.class);
    Map<Object, Object> typed = new HashMap<>();
    ((Map<?, ?>) value).forEach(typed::put);
    return typed;
  }

  private static List<Object> list(Object value) {
    assertThat(value).isInstanceOf(List.class);
    return new ArrayList<>((List<?>) value);
  }
}
