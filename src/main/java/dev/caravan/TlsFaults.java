package dev.caravan;

import io.quarkus.tls.TlsConfigurationRegistry;
import io.quarkus.tls.runtime.CertificateRecorder;
import io.quarkus.tls.runtime.VertxCertificateHolder;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;

/** Says why files of the TLS registry cannot be used, which its own reload keeps to itself. */
final class TlsFaults {
  private static final List<String> FILES =
      List.of(".cert", ".key", ".certs", ".path", ".certificate-revocation-list");

  private TlsFaults() {}

  /** Reads the files of an entry once more, for the reason; with their names. */
  static String of(String name, TlsConfigurationRegistry registry, Vertx vertx) {
    return reason(name, registry, vertx) + files(name);
  }

  private static String reason(String name, TlsConfigurationRegistry registry, Vertx vertx) {
    if (registry.get(name).orElse(null) instanceof VertxCertificateHolder entry) {
      try {
        CertificateRecorder.getKeyStore(entry.config(), vertx, name);
        CertificateRecorder.getTrustStore(entry.config(), vertx, name);
      } catch (RuntimeException e) {
        Throwable root = e;
        while (root.getCause() != null && root.getCause() != root) {
          root = root.getCause();
        }
        return root == e
            ? String.valueOf(e.getMessage())
            : e.getMessage() + ": " + root.getMessage();
      }
    }
    return "it cannot be loaded again";
  }

  private static String files(String name) {
    Config config = ConfigProvider.getConfig();
    Pattern ours = Pattern.compile("quarkus\\.tls\\.\"?" + Pattern.quote(name) + "\"?\\..*");
    TreeSet<String> files = new TreeSet<>();
    for (String property : config.getPropertyNames()) {
      if (ours.matcher(property).matches()
          && FILES.stream().anyMatch(end -> property.replaceAll("\\[\\d+]$", "").endsWith(end))) {
        config.getOptionalValue(property, String.class).ifPresent(files::add);
      }
    }
    return files.isEmpty() ? "" : " (files: " + String.join(", ", files) + ")";
  }
}
