package dev.caravan;

import static java.util.Map.entry;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads manifests into the classes that fabric8 generates from the schemas of Kubernetes and of the
 * Prometheus operator, strictly: a field that the schema does not have, a value of another type and
 * a key that is there twice are errors. It does not know which fields are required.
 */
final class Manifests {
  private static final Map<String, Class<? extends HasMetadata>> KINDS =
      Map.ofEntries(
          entry("v1/ConfigMap", ConfigMap.class),
          entry("v1/Service", Service.class),
          entry("v1/ServiceAccount", ServiceAccount.class),
          entry("apps/v1/Deployment", Deployment.class),
          entry("autoscaling/v2/HorizontalPodAutoscaler", HorizontalPodAutoscaler.class),
          entry("networking.k8s.io/v1/NetworkPolicy", NetworkPolicy.class),
          entry("policy/v1/PodDisruptionBudget", PodDisruptionBudget.class),
          entry("rbac.authorization.k8s.io/v1/Role", Role.class),
          entry("rbac.authorization.k8s.io/v1/RoleBinding", RoleBinding.class),
          entry("monitoring.coreos.com/v1/PrometheusRule", PrometheusRule.class),
          entry("monitoring.coreos.com/v1/ServiceMonitor", ServiceMonitor.class));

  private static final ObjectMapper STRICT =
      new ObjectMapper(new YAMLFactory())
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .setAnnotationIntrospector(
              new JacksonAnnotationIntrospector() {
                @Override
                public @Nullable Boolean hasAnySetter(Annotated where) {
                  return false; // where the classes keep fields that they do not know
                }
              });

  private Manifests() {}

  /** The documents of a YAML file, of whatever kind. */
  static List<JsonNode> documents(Path file) {
    try {
      return documents(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": " + e.getMessage(), e);
    }
  }

  private static List<JsonNode> documents(String text) throws IOException {
    try (MappingIterator<JsonNode> all = STRICT.readerFor(JsonNode.class).readValues(text)) {
      return all.readAll();
    }
  }

  /** One manifest, or a patch of one, by the schema of its kind. */
  static HasMetadata typed(JsonNode document) throws IOException {
    String kind = document.path("apiVersion").asText() + "/" + document.path("kind").asText();
    Class<? extends HasMetadata> type = KINDS.get(kind);
    if (type == null) {
      throw new IOException("no schema for " + kind);
    }
    return STRICT.treeToValue(document, type);
  }

  /** All manifests in a text. */
  static List<HasMetadata> typed(String text) throws IOException {
    List<HasMetadata> manifests = new ArrayList<>();
    for (JsonNode document : documents(text)) {
      manifests.add(typed(document));
    }
    return manifests;
  }

  /** Directories below one that are kustomizations. */
  static List<Path> kustomizations(Path below) throws IOException {
    try (Stream<Path> files = Files.walk(below)) {
      return files.filter(f -> f.endsWith("kustomization.yaml")).map(Path::getParent).toList();
    }
  }

  /** The only manifest of a type and a name. */
  static <T extends HasMetadata> T one(List<HasMetadata> among, Class<T> type, String name) {
    List<T> found = all(among, type);
    found.removeIf(each -> !each.getMetadata().getName().equals(name));
    if (found.size() != 1) {
      throw new AssertionError(found.size() + " of " + type.getSimpleName() + " " + name);
    }
    return found.get(0);
  }

  /** All manifests of a type; changeable. */
  static <T extends HasMetadata> List<T> all(List<HasMetadata> among, Class<T> type) {
    List<T> found = new ArrayList<>();
    for (HasMetadata each : among) {
      if (type.isInstance(each)) {
        found.add(type.cast(each));
      }
    }
    return found;
  }
}
