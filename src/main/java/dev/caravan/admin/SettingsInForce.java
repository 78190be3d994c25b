package dev.caravan.admin;

import dev.caravan.admin.ConfigurationResource.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigValue;
import org.jspecify.annotations.Nullable;

/**
 * Reads the settings for people to see. What may be a secret by its name is hidden, and what stands
 * for one within a value, as a password in a URL does: rather one too many than one too few.
 */
final class SettingsInForce {
  private static final String HIDDEN = "***";

  private static final Pattern SECRET_NAME =
      Pattern.compile(
          ".*(passw|passphrase|secret|credential|jaas|private|api-?key|encryption).*"
              + "|.*[.-](tokens?|keys?|pass|pwd|pin)\"?");

  /** Names that sound so and are none. */
  private static final Set<String> HARMLESS =
      Set.of("caravan.conversation.keys", "caravan.probe.first-token");

  private static final Pattern IN_URL = Pattern.compile("(\\w[\\w+.-]*://)[^/@\\s,]*@");
  private static final Pattern IN_QUERY =
      Pattern.compile(
          "([?&;,\\s][\\w.-]*(?:passw|secret|token|key|credential|sig)[\\w.-]*=)[^&;,\\s)]*",
          Pattern.CASE_INSENSITIVE);

  private SettingsInForce() {}

  /** All that are set, by name. Of {@code quarkus.} those that somebody has set. */
  static List<Setting> of(Config config) {
    TreeSet<String> names = new TreeSet<>();
    for (String name : config.getPropertyNames()) {
      if (name.startsWith("caravan.") || name.startsWith("quarkus.")) {
        names.add(name);
      }
    }
    List<Setting> all = new ArrayList<>();
    for (String name : names) {
      ConfigValue value = config.getConfigValue(name);
      String source = source(value.getSourceName());
      if (name.startsWith("caravan.") || !source.equals("default")) {
        all.add(new Setting(name, shown(name, value.getValue()), source));
      }
    }
    return all;
  }

  /** A value without what may be a secret. */
  static @Nullable String shown(String name, @Nullable String value) {
    if (value == null || value.isEmpty()) {
      return null;
    }
    if (!HARMLESS.contains(name) && SECRET_NAME.matcher(name.toLowerCase(Locale.ROOT)).matches()) {
      return HIDDEN;
    }
    String inUrl = IN_URL.matcher(value).replaceAll("$1" + HIDDEN + "@");
    return IN_QUERY.matcher(inUrl).replaceAll("$1" + HIDDEN);
  }

  private static String source(@Nullable String source) {
    if (source == null || source.contains("efault")) {
      return "default";
    }
    if (source.startsWith("EnvConfigSource")) {
      return "environment";
    }
    if (source.startsWith("SysPropConfigSource")) {
      return "system properties";
    }
    int file = source.indexOf("[source=");
    if (file < 0) {
      return source;
    }
    String path = source.substring(file + "[source=".length(), source.length() - 1);
    return path.contains(".jar!") || path.startsWith("application.properties")
        ? "application.properties (packaged)"
        : path;
  }
}
