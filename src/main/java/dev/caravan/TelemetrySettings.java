package dev.caravan;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What can be set of metrics and traces; each is explained in {@code application.properties}. */
@ConfigMapping(prefix = "caravan")
public interface TelemetrySettings {

  Metrics metrics();

  Tracing tracing();

  /** What is measured. */
  interface Metrics {
    @WithDefault("true")
    boolean genAi();
  }

  /** What is traced, and where it goes. */
  interface Tracing {
    @WithDefault("false")
    boolean enabled();

    @WithDefault("http://localhost:4318/v1/traces")
    String endpoint();

    /** Each {@code name=value}. */
    Optional<List<String>> headers();

    @WithDefault("0.1")
    double sample();

    @WithDefault("true")
    boolean trustParent();

    @WithDefault("caravan")
    String service();

    @WithDefault("8192")
    int queue();

    @WithDefault("10s")
    Duration timeout();
  }
}
