package dev.caravan;

import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** How servers are found. */
public interface DiscoverySettings {

  /** How long the start of a route waits until it is known who is there. */
  @WithDefault("5s")
  Duration patience();

  /** Lookups of names. */
  Dns dns();

  /** Lookups of names. */
  interface Dns {
    /** The name servers, address and port; those of the system where there are none. */
    Optional<List<String>> servers();

    /** How long an answer holds at least, whatever it says. */
    @WithDefault("5s")
    Duration minTtl();

    /** And at most. */
    @WithDefault("30s")
    Duration maxTtl();

    /** How long a name server may take. */
    @WithDefault("2s")
    Duration timeout();

    /** How many answers in a row must say that there is nobody. */
    @WithDefault("3")
    int emptyAnswers();
  }
}
