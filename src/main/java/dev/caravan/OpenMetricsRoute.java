package dev.caravan;

import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/*
 * Quarkus gives plain text to whoever would take that as well, which Prometheus always would, and
 * 406 to whoever asks for OpenMetrics without its version. Only OpenMetrics has exemplars.
 */

/** Answers those who ask for metrics in the OpenMetrics format; all others are Quarkus' own. */
@Singleton
@SuppressWarnings("deprecation") // the registry of Prometheus that Quarkus has
class OpenMetricsRoute {
  private static final String PATH = "/q/metrics";
  private static final String FORMAT = "application/openmetrics-text";

  /** Before Quarkus' own route, and behind whatever decides who may ask. */
  private static final int ORDER = -1;

  private final PrometheusMeterRegistry registry;

  @Inject
  OpenMetricsRoute(PrometheusMeterRegistry registry) {
    this.registry = registry;
  }

  void open(@Observes Router router) {
    router.get(PATH).order(ORDER).blockingHandler(this::answer, false);
  }

  private void answer(RoutingContext asked) {
    @Nullable String accept = asked.request().getHeader(HttpHeaders.ACCEPT);
    if (accept == null || !accept.contains(FORMAT)) {
      asked.next();
      return;
    }
    asked
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, TextFormat.CONTENT_TYPE_OPENMETRICS_100)
        .end(registry.scrape(TextFormat.CONTENT_TYPE_OPENMETRICS_100));
  }
}
