package dev.caravan.route.reload;

import dev.caravan.route.file.RouteEntries;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteConfigurationDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.jspecify.annotations.Nullable;

/** What routes share in Camel and what files may change: configurations, templates, beans. */
final class SharedDefinitions {
  private final CamelContext camel;
  private final Model model;
  private final List<RouteConfigurationDefinition> configurations;
  private final List<RouteTemplateDefinition> templates;

  /** As they are now. */
  private SharedDefinitions(
      CamelContext camel,
      List<RouteConfigurationDefinition> configurations,
      List<RouteTemplateDefinition> templates) {
    this.camel = camel;
    this.model = model(camel);
    this.configurations = List.copyOf(configurations);
    this.templates = List.copyOf(templates);
  }

  static Model model(CamelContext camel) {
    return camel.getCamelContextExtension().getContextPlugin(Model.class);
  }

  /** None yet. */
  static SharedDefinitions none(CamelContext camel) {
    return new SharedDefinitions(camel, List.of(), List.of());
  }

  /**
   * What Camel has got since there were those configurations and templates alone.
   *
   * @param before not of the files
   */
  static SharedDefinitions since(
      CamelContext camel,
      List<RouteConfigurationDefinition> before,
      List<RouteTemplateDefinition> templatesBefore) {
    List<RouteConfigurationDefinition> now =
        new ArrayList<>(model(camel).getRouteConfigurationDefinitions());
    now.removeAll(before);
    List<RouteTemplateDefinition> templates =
        new ArrayList<>(model(camel).getRouteTemplateDefinitions());
    templates.removeAll(templatesBefore);
    return new SharedDefinitions(camel, now, templates);
  }

  /** Puts others in their place: routes that are made from now on are made with those. */
  SharedDefinitions replaced(
      @Nullable List<RouteConfigurationDefinition> newConfigurations,
      @Nullable List<RouteTemplateDefinition> newTemplates)
      throws Exception {
    SharedDefinitions next =
        new SharedDefinitions(
            camel,
            newConfigurations != null ? newConfigurations : configurations,
            newTemplates != null ? newTemplates : templates);
    next.takePlaceOf(this);
    return next;
  }

  /** Camel has these from now on, and those of another not any more. */
  void takePlaceOf(SharedDefinitions other) throws Exception {
    if (!configurations.equals(other.configurations)) {
      // By identity, and not through the model: it removes by id, and some have none.
      model.getRouteConfigurationDefinitions().removeAll(other.configurations);
      for (RouteConfigurationDefinition each : configurations) {
        model.addRouteConfiguration(each);
      }
    }
    if (!templates.equals(other.templates)) {
      for (RouteTemplateDefinition each : other.templates) {
        model.removeRouteTemplateDefinition(each);
      }
      model.addRouteTemplateDefinitions(templates);
    }
  }

  /** The beans of some names, to be put back. */
  static final class Beans {
    private final CamelContext camel;
    private final Map<String, @Nullable Object> saved = new HashMap<>();

    Beans(CamelContext camel, RouteEntries before, RouteEntries wanted) {
      this.camel = camel;
      Set<String> names = new LinkedHashSet<>(before.beanNames());
      names.addAll(wanted.beanNames());
      names.forEach(name -> saved.put(name, camel.getRegistry().lookupByName(name)));
    }

    void putBack() {
      saved.forEach(
          (name, bean) -> {
            camel.getRegistry().unbind(name);
            if (bean != null) {
              camel.getRegistry().bind(name, bean);
            }
          });
    }
  }
}
