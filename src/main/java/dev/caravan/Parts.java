package dev.caravan;

import dev.caravan.admission.Admission;
import dev.caravan.admission.Limits;
import dev.caravan.admission.Shed;
import dev.caravan.fleet.BackgroundPolicy;
import dev.caravan.health.HealthSettings;
import dev.caravan.ingress.ConversationFinder;
import dev.caravan.ingress.ConversationSettings;
import dev.caravan.ingress.HttpIngress;
import dev.caravan.ingress.HttpSettings;
import dev.caravan.select.PrefixIndex;
import dev.caravan.telemetry.LogFile;
import dev.caravan.telemetry.Meters;
import dev.caravan.time.Secrets;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Transport;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.model.ErrorHandlerDefinition;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteConfigurationDefinition;
import org.apache.camel.model.errorhandler.NoErrorHandlerDefinition;
import org.jspecify.annotations.Nullable;

/** Makes parts of the gateway out of what is set, and says which setting is at fault. */
final class Parts {
  /**
   * Two prompts without an answer, the second at once after the first, show a hang within three
   * probe periods; one alone may have met a pause.
   */
  private static final int UNANSWERED = 2;

  /** Far above any pause that a busy loop or a garbage collection makes. */
  private static final Duration LOOP_PATIENCE = Duration.ofSeconds(3);

  private static final long SMALLEST_INDEX = 64 << 10;
  private static final long LARGEST_INDEX = 4L << 30;

  private Parts() {}

  /** How many event loops there are; as many as processors where nobody says. */
  static int threads(int set) {
    return set > 0 ? set : Runtime.getRuntime().availableProcessors();
  }

  static HealthSettings health(Settings.Probe probe) {
    return new HealthSettings(probe.failures(), probe.successes(), UNANSWERED);
  }

  static Limits limits(Settings.Limits limits) {
    try {
      return new Limits(
          limits.requests(), limits.connections(), limits.loopLag().toMillis(), limits.memory());
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("caravan.limits: " + e.getMessage());
    }
  }

  static BackgroundPolicy background(Settings.Background background) {
    try {
      return new BackgroundPolicy(background.reserve(), background.slots(), background.paced());
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("caravan.background." + e.getMessage());
    }
  }

  static PrefixIndex prefixIndex(Settings.PromptIndex settings) {
    long bytes = settings.size().asLongValue();
    if (bytes < SMALLEST_INDEX || bytes > LARGEST_INDEX) {
      throw new ConfigurationException(
          "caravan.prefix-index.size: " + bytes + " bytes; it must be from 64K to 4G");
    }
    return PrefixIndex.ofSize(bytes);
  }

  /** The one registry behind a composite, if it is one: a composite costs a loop at every count. */
  static MeterRegistry narrowed(MeterRegistry registry) {
    return registry instanceof CompositeMeterRegistry composite
            && composite.getRegistries().size() == 1
        ? narrowed(composite.getRegistries().iterator().next())
        : registry;
  }

  /** The access log, or null where none is wanted. */
  static @Nullable LogFile openLog(Settings.AccessLog settings, Ticker ticker) {
    String path = settings.path().orElse("");
    if (path.isBlank()) {
      return null;
    }
    try {
      return new LogFile(
          path.equals("-") ? null : Path.of(path),
          settings.maxSize().asLongValue(),
          settings.keep(),
          ticker);
    } catch (IOException e) {
      throw new ConfigurationException(
          "caravan.access-log.path: " + path + " cannot be written: " + e);
    }
  }

  static DnsAddressResolverGroup resolver(Transport transport) {
    return new DnsAddressResolverGroup(
        new DnsNameResolverBuilder().datagramChannelFactory(transport.datagramChannels()));
  }

  static ConversationFinder finder(Settings.Conversation conversation) {
    Settings.Cookie cookie = conversation.cookie();
    try {
      return ConversationFinder.of(
          new ConversationSettings(
              conversation.keys(),
              conversation.trustedProxies().orElse(List.of()),
              cookie.enabled()
                  ? new ConversationSettings.Cookie(
                      cookie.name(),
                      cookie.keys().orElse(List.of()),
                      cookie.maxAge().map(Duration::toSeconds).orElse(0L))
                  : null),
          Secrets.system());
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("caravan.conversation." + e.getMessage());
    }
  }

  /** The same, with its cookies counted. */
  static ConversationFinder measured(ConversationFinder finder, Meters meters) {
    String what = "Cookies that were made, and requests whose cookie no key has signed";
    meters.counter("caravan.cookies", what, Tag.of("result", "made"), finder::made);
    meters.counter("caravan.cookies", what, Tag.of("result", "refused"), finder::refused);
    return finder;
  }

  static void measure(
      Meters meters, HttpIngress ingress, Admission admission, PrefixIndex prefixes) {
    meters.gauge(
        "caravan.requests.inflight", "Requests that are being answered now", ingress::requests);
    meters.gauge(
        "caravan.connections", "Client connections that are open now", ingress::connections);
    meters.gauge(
        "caravan.event.loop.lag.seconds",
        "How late the event loop that lags most runs its tasks",
        () -> admission.maxLagNanos() / 1e9);
    meters.gauge(
        "caravan.prefix.index.chunks",
        "Chunks of 128 prompt tokens that the prefix index knows",
        prefixes::chunks);
    for (Shed why : Shed.values()) {
      meters.counter(
          "caravan.shed",
          "Requests and connections that the gateway turned away because it was overloaded",
          Tag.of("reason", why.label()),
          () -> admission.shed(why));
    }
  }

  static HttpSettings httpSettings(Settings.Http http, boolean explain) {
    return new HttpSettings(
        Math.toIntExact(http.maxBody().asLongValue()),
        Math.toIntExact(http.maxLine().asLongValue()),
        Math.toIntExact(http.maxHead().asLongValue()),
        http.headTimeout().toMillis(),
        http.bodyTimeout().toMillis(),
        http.idleTimeout().toMillis(),
        http.writeTimeout().toMillis(),
        Set.copyOf(http.passHeaders()),
        http.maxTimeout().toMillis(),
        explain,
        http.open());
  }

  /**
   * A failed attempt is the balancer's business, not that of an error handler at every step. Only a
   * route that names another configuration has one.
   */
  static void withoutErrorHandlers(CamelContext camel) {
    ErrorHandlerDefinition none = new ErrorHandlerDefinition();
    none.setErrorHandlerType(new NoErrorHandlerDefinition());
    RouteConfigurationDefinition everywhere = new RouteConfigurationDefinition();
    everywhere.setErrorHandler(none);
    camel
        .getCamelContextExtension()
        .getContextPlugin(Model.class)
        .addRouteConfiguration(everywhere);
  }

  /** Event loops that did not run a task within {@link #LOOP_PATIENCE}; waits that long at most. */
  static int stuck(EventLoopGroup loops, Ticker ticker) {
    List<Future<?>> pulses = new ArrayList<>();
    for (EventExecutor loop : loops) {
      pulses.add(loop.submit(() -> {}));
    }
    long deadline = ticker.nanos() + LOOP_PATIENCE.toNanos();
    int stuck = 0;
    for (Future<?> pulse : pulses) {
      if (!pulse.awaitUninterruptibly(
          Math.max(0, deadline - ticker.nanos()), TimeUnit.NANOSECONDS)) {
        stuck++;
      }
    }
    return stuck;
  }
}
