package dev.caravan;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What can be set in {@code application.properties}; each is explained there. Read once at start.
 */
@ConfigMapping(prefix = "caravan")
public interface Settings {

  Http http();

  ClientSettings clients();

  Limits limits();

  ShutdownSettings shutdown();

  RouteSettings routes();

  DiscoverySettings discovery();

  Probe probe();

  Demo demo();

  Health health();

  AccessLog accessLog();

  PromptIndex prefixIndex();

  Conversation conversation();

  Explain explain();

  Queue queue();

  Background background();

  /** How many servers a request may be sent to before its client learns of a failure, from 1. */
  @WithDefault("3")
  int attempts();

  /** Event loops that carry requests; 0 for one a processor. */
  @WithName("event-loops")
  @WithDefault("0")
  int eventLoops();

  /** The seed of random choices; empty for another one at every start. */
  Optional<Long> seed();

  /** The inference port. */
  interface Http {
    @WithDefault("127.0.0.1")
    String host();

    /** Whether others than this machine may ask without credentials. */
    @WithDefault("false")
    boolean open();

    @WithDefault("8080")
    int port();

    @WithDefault("32M")
    MemorySize maxBody();

    @WithDefault("8K")
    MemorySize maxLine();

    @WithDefault("32K")
    MemorySize maxHead();

    @WithDefault("10s")
    Duration headTimeout();

    @WithDefault("30s")
    Duration bodyTimeout();

    @WithDefault("75s")
    Duration idleTimeout();

    @WithDefault("60s")
    Duration writeTimeout();

    @WithDefault("30m")
    Duration maxTimeout();

    @WithDefault(
        "user-agent,traceparent,tracestate,baggage,openai-beta,x-correlation-id,x-session-id,"
            + "session-id,x-session-affinity,x-claude-code-session-id,x-litellm-session-id,"
            + "x-dynamo-session-id,x-stainless-retry-count")
    List<String> passHeaders();
  }

  /** What the gateway takes upon itself at most; 0 for no limit. */
  interface Limits {
    /** Requests for inference that are answered at a time. */
    @WithDefault("20000")
    int requests();

    /** Clients' connections that are open at a time. */
    @WithDefault("40000")
    int connections();

    /** How late an event loop may run its tasks. */
    @WithDefault("1s")
    Duration loopLag();

    /** The share of the heap and of the direct memory that may be in use. */
    @WithDefault("0.85")
    double memory();

    RedisSettings redis();
  }

  /** Prompt probes. */
  interface Probe {
    /** A later first token of a stream is no answer. */
    @WithDefault("5s")
    Duration firstToken();

    /** Prompts an hour and server, from 1. */
    @WithDefault("360")
    int budget();

    @WithDefault("true")
    boolean enabled();

    @WithDefault("10s")
    Duration period();

    @WithDefault("10s")
    Duration timeout();

    @WithDefault("3")
    int failures();

    @WithDefault("2")
    int successes();
  }

  /** The demo fleet. */
  interface Demo {
    @WithDefault("false")
    boolean enabled();

    @WithDefault("1")
    double speedup();
  }

  /** How the requests of one conversation are known. */
  interface Conversation {
    /** Where a key may stand; the first that a request has counts. */
    @WithDefault(
        "header:x-session-id,header:x-claude-code-session-id,header:session-id,"
            + "header:x-session-affinity,header:x-dynamo-session-id,header:x-litellm-session-id,"
            + "header:x-smg-routing-key,header:x-olla-session-id,header:x-session-token,"
            + "header:x-aibrix-session-key,cookie,body:prompt_cache_key,"
            + "body:previous_response_id,body:conversation,body:metadata.user_id,body:user,prompt")
    List<String> keys();

    /** Addresses and networks of proxies that say who their client is. */
    Optional<List<String>> trustedProxies();

    Cookie cookie();
  }

  /** The cookie that tells browsers apart. */
  interface Cookie {
    @WithDefault("false")
    boolean enabled();

    @WithDefault("caravan")
    String name();

    /** What signs it: one secret, or two while they change. */
    Optional<List<String>> keys();

    /** How long browsers keep it; empty for as long as they run. */
    Optional<Duration> maxAge();
  }

  /** The access log. */
  interface AccessLog {
    /** The file, or {@code -} for standard output; empty for none. */
    @WithDefault("logs/access.log")
    Optional<String> path();

    /** The size at which a new file is begun. */
    @WithDefault("64M")
    MemorySize maxSize();

    /** How many old files stay. */
    @WithDefault("4")
    int keep();
  }

  /** Which server has which prompts, for the balancer prefix-affinity. */
  interface PromptIndex {
    /** The most memory that it takes. */
    @WithDefault("16M")
    MemorySize size();
  }

  /** Who may learn why requests are sent where they are. */
  interface Explain {
    /** Whether every client may, by a header of its request. */
    @WithDefault("false")
    boolean header();
  }

  /** How background requests yield. */
  interface Background {
    /** The share of each server's slots that is kept for interactive requests. */
    @WithDefault("0.25")
    double reserve();

    /** How many slots a server without {@code maxInflight} is taken to have. */
    @WithDefault("64")
    int slots();

    /** Whether it also waits for quiet moments while there is interactive traffic. */
    @WithDefault("true")
    boolean paced();
  }

  /** When the gateway is ready for traffic. */
  enum ReadyWhen {
    /** Every pool has a server that may be picked. */
    EVERY_POOL,
    /** Some pool has one. */
    ANY_POOL,
    /** It listens. */
    LISTENING
  }

  /** How servers are asked how they are, and what ready means. */
  interface Health {
    /** What must hold beside listening. */
    @WithDefault("every-pool")
    ReadyWhen readyWhen();

    /** Whether servers' cheap endpoints and engines are asked at all. */
    @WithDefault("true")
    boolean enabled();

    /** From one question to a server's cheap endpoint, and to its engine, to the next. */
    @WithDefault("5s")
    Duration period();

    /** Until the end of the answer. */
    @WithDefault("2s")
    Duration timeout();
  }

  /** Work from queues: what the packaged route files take. */
  interface Queue {
    Kafka kafka();

    Amqp amqp();
  }

  /** Jobs from Kafka. */
  interface Kafka {
    /** Whether the packaged routes run. */
    @WithDefault("false")
    boolean enabled();

    /** Where the cluster is: host:port, separated by commas. */
    @WithDefault("localhost:9092")
    String brokers();

    /** The consumer group that all gateways share. */
    @WithDefault("caravan")
    String group();

    /** The topic of the jobs. */
    @WithDefault("caravan-jobs")
    String jobs();

    /** The topic of the answers. */
    @WithDefault("caravan-answers")
    String answers();

    /** The topic of what can never be answered. */
    @WithDefault("caravan-dead-letters")
    String deadLetters();
  }

  /** Jobs from an AMQP 1.0 broker. */
  interface Amqp {
    /** Whether the packaged routes run. */
    @WithDefault("false")
    boolean enabled();

    /** Where the broker is. */
    @WithDefault("amqp://localhost:5672")
    String url();

    Optional<String> username();

    Optional<String> password();

    /** The queue of the jobs. */
    @WithDefault("caravan-jobs")
    String jobs();

    /** The queue of the answers. */
    @WithDefault("caravan-answers")
    String answers();

    /** The queue of what can never be answered. */
    @WithDefault("caravan-dead-letters")
    String deadLetters();
  }
}
