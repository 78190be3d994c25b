package dev.caravan;

import io.smallrye.config.WithDefault;
import java.time.Duration;

/** The way out when the process is told to stop. */
public interface ShutdownSettings {
  /** How long the inference port goes on serving when readiness is down already. */
  @WithDefault("0s")
  Duration delay();

  /** How long requests that run then may go on. */
  @WithDefault("30s")
  Duration timeout();
}
