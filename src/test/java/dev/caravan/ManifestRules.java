package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.route.file.RouteFile;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What must hold of a whole installation: its manifests agree with each other and with the code.
 */
final class ManifestRules {
  private static final String NAME = "caravan";
  private static final Pattern SERVER_PORT = Pattern.compile("url: \"?http://[^:\"]+:(\\d+)");

  private final List<HasMetadata> manifests;

  ManifestRules(List<HasMetadata> manifests) {
    this.manifests = manifests;
  }

  void check() throws Exception {
    nameNoNamespace();
    selectorsMatchThePods();
    portsAreThoseThatCaravanOpens();
    probesAskTheManagementPort();
    podHasTheTimeThatItsWayOutTakes();
    podIsConfined();
    environmentNamesSettings();
    volumesAreThere();
    routesAreMountedWhole();
    networkPoliciesLetThroughWhatIsNeeded();
  }

  private void nameNoNamespace() {
    for (HasMetadata each : manifests) {
      assertThat(each.getMetadata().getNamespace()).as(each.getKind()).isNull();
      assertThat(each.getMetadata().getLabels())
          .as(each.getKind())
          .containsEntry("app.kubernetes.io/name", NAME);
    }
  }

  private void selectorsMatchThePods() {
    Map<String, String> labels = deployment().getSpec().getTemplate().getMetadata().getLabels();
    assertThat(labels).containsAllEntriesOf(deployment().getSpec().getSelector().getMatchLabels());
    for (Service each : Manifests.all(manifests, Service.class)) {
      assertThat(labels).containsAllEntriesOf(each.getSpec().getSelector());
    }
    for (PodDisruptionBudget each : Manifests.all(manifests, PodDisruptionBudget.class)) {
      assertThat(labels).containsAllEntriesOf(each.getSpec().getSelector().getMatchLabels());
    }
    for (NetworkPolicy each : Manifests.all(manifests, NetworkPolicy.class)) {
      assertThat(each.getSpec().getPodSelector().getMatchLabels()).isNotEmpty();
      assertThat(labels).containsAllEntriesOf(each.getSpec().getPodSelector().getMatchLabels());
    }
  }

  private void portsAreThoseThatCaravanOpens() throws Exception {
    Map<String, Integer> ports = ports();
    String defaults = Files.readString(Path.of("application.properties"));
    assertThat(defaults)
        .contains("\ncaravan.http.port=" + ports.get("http") + "\n")
        .contains("\nquarkus.http.port=" + ports.get("management") + "\n");
    assertThat(ports).containsOnlyKeys("http", "management");
    // One Service for each, so that nobody gets the management port by exposing the other.
    assertThat(targets("caravan")).containsExactly("http");
    assertThat(targets("caravan-management")).containsExactly("management");
    Service management = Manifests.one(manifests, Service.class, "caravan-management");
    assertThat(management.getSpec().getType()).isEqualTo("ClusterIP");
  }

  private List<String> targets(String service) {
    List<ServicePort> ports = Manifests.one(manifests, Service.class, service).getSpec().getPorts();
    return ports.stream().map(port -> port.getTargetPort().getStrVal()).toList();
  }

  private Map<String, Integer> ports() {
    Map<String, Integer> ports = new HashMap<>();
    for (ContainerPort port : container().getPorts()) {
      ports.put(port.getName(), port.getContainerPort());
    }
    return ports;
  }

  private void probesAskTheManagementPort() {
    probes(container().getStartupProbe().getHttpGet(), "/q/health/live");
    probes(container().getLivenessProbe().getHttpGet(), "/q/health/live");
    probes(container().getReadinessProbe().getHttpGet(), "/q/health/ready");
    assertThat(environment()).containsEntry("QUARKUS_HTTP_HOST", "0.0.0.0");
    assertThat(environment()).containsEntry("CARAVAN_HTTP_HOST", "0.0.0.0");
    // LiveCheck itself waits for three seconds.
    assertThat(container().getLivenessProbe().getTimeoutSeconds()).isGreaterThan(3);
    assertThat(container().getStartupProbe().getTimeoutSeconds()).isGreaterThan(3);
  }

  private static void probes(HTTPGetAction action, String path) {
    assertThat(action.getPath()).isEqualTo(path);
    assertThat(action.getPort().getStrVal()).isEqualTo("management");
  }

  private void podHasTheTimeThatItsWayOutTakes() {
    long preStop = container().getLifecycle().getPreStop().getSleep().getSeconds();
    long delay = seconds("CARAVAN_SHUTDOWN_DELAY");
    long timeout = seconds("CARAVAN_SHUTDOWN_TIMEOUT");
    assertThat(pod().getTerminationGracePeriodSeconds())
        .isGreaterThanOrEqualTo(preStop + delay + timeout + 5);
    // Balancers in front that look at readiness have seen it by then.
    long seen =
        container().getReadinessProbe().getPeriodSeconds()
            * (long) container().getReadinessProbe().getFailureThreshold();
    assertThat(delay).isGreaterThan(seen);
  }

  private long seconds(String variable) {
    return Duration.parse("PT" + environment().get(variable)).toSeconds();
  }

  private void podIsConfined() {
    assertThat(pod().getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod().getSecurityContext().getRunAsUser()).isGreaterThan(0);
    assertThat(pod().getSecurityContext().getSeccompProfile().getType())
        .isEqualTo("RuntimeDefault");
    assertThat(container().getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(container().getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
    assertThat(container().getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
    assertThat(container().getResources().getLimits()).containsOnlyKeys("memory");
    // What the scheduler reserves is what the heap's share is taken of.
    assertThat(container().getResources().getRequests().get("memory"))
        .isEqualTo(container().getResources().getLimits().get("memory"));
    Matcher heap =
        Pattern.compile("-XX:MaxRAMPercentage=(\\d+)")
            .matcher(environment().get("JDK_JAVA_OPTIONS"));
    assertThat(heap.find()).isTrue();
    // The heap, as much for buffers, and the rest.
    assertThat(2 * Integer.parseInt(heap.group(1))).isLessThanOrEqualTo(80);
  }

  private void environmentNamesSettings() throws Exception {
    String defaults = Files.readString(Path.of("application.properties"));
    Map<String, String> settings = new HashMap<>();
    Matcher setting = Pattern.compile("(?m)^(?:# )?([a-z][a-z0-9.-]+)=").matcher(defaults);
    while (setting.find()) {
      settings.put(
          setting.group(1).replaceAll("[^a-z0-9]", "_").toUpperCase(Locale.ROOT), setting.group());
    }
    for (String name : environment().keySet()) {
      if (name.startsWith("CARAVAN_")) {
        assertThat(settings.containsKey(name)).as(name + " is a setting").isTrue();
      }
    }
  }

  private void volumesAreThere() {
    List<String> volumes = pod().getVolumes().stream().map(Volume::getName).toList();
    assertThat(container().getVolumeMounts())
        .extracting(VolumeMount::getName)
        .containsExactlyInAnyOrderElementsOf(volumes);
    assertThat(mounts()).containsKey("/tmp");
    Path log = Path.of(environment().get("CARAVAN_ACCESS_LOG_PATH"));
    assertThat(mounts()).containsKey(String.valueOf(log.getParent()));
    for (Volume volume : pod().getVolumes()) {
      if (volume.getConfigMap() != null) {
        Manifests.one(manifests, ConfigMap.class, volume.getConfigMap().getName());
      }
    }
  }

  private void routesAreMountedWhole() throws Exception {
    String directory = environment().get("CARAVAN_ROUTES_DIRECTORY");
    VolumeMount mount = Objects.requireNonNull(mounts().get(directory));
    assertThat(mount.getSubPath()).isNull();
    ConfigMap routes = Manifests.one(manifests, ConfigMap.class, "caravan-routes");
    Volume volume =
        pod().getVolumes().stream()
            .filter(each -> each.getName().equals(mount.getName()))
            .findFirst()
            .orElseThrow();
    assertThat(volume.getConfigMap().getName()).isEqualTo(routes.getMetadata().getName());
    List<RouteFile> files = new ArrayList<>();
    routes.getData().forEach((name, text) -> files.add(RouteFile.of(name, text)));
    assertThat(files).isNotEmpty();
    if (!Boolean.parseBoolean(environment().get("CARAVAN_DEMO_ENABLED"))) {
      // The demo's URLs are known when it has started.
      assertThat(ExampleRoutesTest.validator().validate(files)).isEmpty();
    }
  }

  private void networkPoliciesLetThroughWhatIsNeeded() {
    List<NetworkPolicy> policies = Manifests.all(manifests, NetworkPolicy.class);
    NetworkPolicy deny = Manifests.one(manifests, NetworkPolicy.class, "caravan-deny");
    assertThat(deny.getSpec().getPolicyTypes()).containsExactlyInAnyOrder("Ingress", "Egress");
    assertThat(deny.getSpec().getIngress()).isEmpty();
    assertThat(deny.getSpec().getEgress()).isEmpty();
    List<String> in = new ArrayList<>();
    List<Integer> out = new ArrayList<>();
    for (NetworkPolicy policy : policies) {
      policy.getSpec().getIngress().forEach(rule -> rule.getPorts().forEach(p -> in.add(name(p))));
      policy
          .getSpec()
          .getEgress()
          .forEach(rule -> rule.getPorts().forEach(p -> out.add(p.getPort().getIntVal())));
    }
    assertThat(in).containsExactlyInAnyOrder("http", "management");
    Manifests.one(manifests, ConfigMap.class, "caravan-routes")
        .getData()
        .values()
        .forEach(
            text -> {
              Matcher port = SERVER_PORT.matcher(text);
              while (port.find()) {
                assertThat(out).contains(Integer.valueOf(port.group(1)));
              }
            });
  }

  private static String name(NetworkPolicyPort port) {
    return port.getPort().getStrVal();
  }

  private Deployment deployment() {
    return Manifests.one(manifests, Deployment.class, NAME);
  }

  PodSpec pod() {
    return deployment().getSpec().getTemplate().getSpec();
  }

  private Container container() {
    assertThat(pod().getContainers()).hasSize(1);
    return pod().getContainers().get(0);
  }

  private Map<String, String> environment() {
    Map<String, String> variables = new HashMap<>();
    for (EnvVar each : container().getEnv()) {
      variables.put(each.getName(), each.getValue());
    }
    return variables;
  }

  private Map<String, VolumeMount> mounts() {
    Map<String, VolumeMount> byPath = new HashMap<>();
    for (VolumeMount each : container().getVolumeMounts()) {
      byPath.put(each.getMountPath(), each);
    }
    return byPath;
  }
}
