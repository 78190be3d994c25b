package dev.caravan;

import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/** Where gateways share what their clients have used of limits. */
public interface RedisSettings {

  /** The Redis server, as {@code redis://user:password@host:6379/0}; empty to share nothing. */
  Optional<String> url();

  /** From one exchange with it to the next. */
  @WithDefault("200ms")
  Duration interval();

  /** How long it may take to connect, and to answer. */
  @WithDefault("500ms")
  Duration timeout();
}
