package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import java.io.IOException;
import java.io.StringReader;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Keeps docs/configuration.md, application.properties and {@link Settings} saying the same. */
class ConfigurationDocsTest {
  private static final Path DOCS = Path.of("docs/configuration.md");
  private static final Path FILE = Path.of("application.properties");

  /** A row of a table in the docs: {@code | `name` | type | default | meaning |}. */
  private static final Pattern ROW =
      Pattern.compile("^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$", Pattern.MULTILINE);

  /** A setting that is written in application.properties, but commented out. */
  private static final Pattern UNSET =
      Pattern.compile("^# (caravan\\.[a-z.-]+)=", Pattern.MULTILINE);

  private static final String NONE = "none";

  /** What is said of one setting. */
  private record Setting(String type, String value) {}

  @Test
  void docs_nameEverySetting_withItsTypeAndDefault() throws Exception {
    Map<String, Setting> documented = new TreeMap<>(docs());
    documented.keySet().removeIf(name -> !name.startsWith("caravan."));
    assertThat(documented).isEqualTo(settings());
  }

  @Test
  void propertiesFile_hasEverySetting_atItsDefault() throws Exception {
    Map<String, String> expected = new TreeMap<>();
    settings().forEach((name, setting) -> expected.put(name, setting.value()));
    Map<String, String> written = properties();
    written.keySet().removeIf(name -> !name.startsWith("caravan."));
    Matcher unset = UNSET.matcher(Files.readString(FILE));
    while (unset.find()) {
      assertThat(written.put(unset.group(1), NONE)).as(unset.group(1) + " is there twice").isNull();
    }
    assertThat(written).isEqualTo(expected);
  }

  @Test
  void docs_nameEveryOtherProperty_withItsValue() throws Exception {
    Map<String, String> documented = new TreeMap<>();
    docs().forEach((name, setting) -> documented.put(name, setting.value()));
    documented.keySet().removeIf(name -> name.startsWith("caravan."));
    Map<String, String> written = properties();
    written.keySet().removeIf(name -> name.startsWith("caravan."));
    assertThat(documented).isEqualTo(written);
  }

  private static Map<String, String> properties() throws IOException {
    Properties read = new Properties();
    read.load(new StringReader(Files.readString(FILE)));
    Map<String, String> sorted = new TreeMap<>();
    read.stringPropertyNames().forEach(name -> sorted.put(name, read.getProperty(name)));
    return sorted;
  }

  private static Map<String, Setting> docs() throws IOException {
    Map<String, Setting> rows = new TreeMap<>();
    Matcher row = ROW.matcher(Files.readString(DOCS));
    while (row.find()) {
      Setting said = new Setting(row.group(2).strip(), row.group(3).strip().replace("`", ""));
      assertThat(rows.put(row.group(1), said)).as(row.group(1) + " is there twice").isNull();
    }
    return rows;
  }

  private static Map<String, Setting> settings() {
    Map<String, Setting> found = new TreeMap<>();
    for (Class<?> mapping :
        List.of(Settings.class, TelemetrySettings.class, AdminSettings.class, TlsSettings.class)) {
      collect(mapping, mapping.getAnnotation(ConfigMapping.class).prefix(), found);
    }
    return found;
  }

  private static void collect(Class<?> group, String prefix, Map<String, Setting> into) {
    for (Method method : group.getDeclaredMethods()) {
      if (method.isSynthetic()) { // a coverage agent's
        continue;
      }
      WithName named = method.getAnnotation(WithName.class);
      String name = prefix + "." + (named != null ? named.value() : kebab(method.getName()));
      if (method.getReturnType().getPackage() == Settings.class.getPackage()
          && method.getReturnType().isInterface()) {
        collect(method.getReturnType(), name, into);
        continue;
      }
      WithDefault otherwise = method.getAnnotation(WithDefault.class);
      into.put(
          name,
          new Setting(
              type(method.getGenericReturnType()), otherwise == null ? NONE : otherwise.value()));
    }
  }

  private static String kebab(String method) {
    return method.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  private static String type(Type type) {
    if (type instanceof ParameterizedType generic) {
      Type inner = generic.getActualTypeArguments()[0];
      return generic.getRawType() == Optional.class
          ? type(inner)
          : generic.getRawType() == List.class && inner == String.class ? "list" : "?";
    }
    if (type == String.class || (type instanceof Class<?> words && words.isEnum())) {
      return "text";
    }
    if (type == int.class || type == Long.class) {
      return "whole number";
    }
    if (type == double.class) {
      return "number";
    }
    if (type == boolean.class) {
      return "true or false";
    }
    if (type == Duration.class) {
      return "duration";
    }
    return type == MemorySize.class ? "size" : "?" + type;
  }
}
