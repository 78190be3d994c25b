package dev.caravan;

import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The route files. */
public interface RouteSettings {
  /** Where they are; empty for {@code routes} in the working directory, which may be missing. */
  Optional<String> directory();

  /** Whether changes are taken over while the gateway runs. */
  @WithDefault("true")
  boolean reload();

  /** How often the files are looked at. */
  @WithDefault("500ms")
  Duration reloadPeriod();

  /** How long they must have stayed as they are. */
  @WithDefault("300ms")
  Duration reloadQuiet();

  /** The components that routes may use. */
  @WithDefault("pool,model,probe,jobs,direct,log,kafka,amqp,from:netty-http")
  List<String> schemes();
}
