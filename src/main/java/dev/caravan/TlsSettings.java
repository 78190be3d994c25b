package dev.caravan;

import dev.caravan.tls.ClientAuth;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/** TLS; each is explained in {@code application.properties}. */
@ConfigMapping(prefix = "caravan")
public interface TlsSettings {

  Http http();

  Tls tls();

  /** TLS of the inference port. */
  interface Http {
    /** The entry of the TLS registry that it speaks with; empty for plain HTTP. */
    Optional<String> tls();

    /** Whether clients show certificates. */
    @WithDefault("none")
    ClientAuth clientAuth();

    /** Whether clients may speak HTTP/2. */
    @WithDefault("true")
    boolean http2();
  }

  /** The entries that are in use. */
  interface Tls {
    /** From one look at their files to the next. */
    @WithDefault("10s")
    Duration reloadPeriod();
  }
}
