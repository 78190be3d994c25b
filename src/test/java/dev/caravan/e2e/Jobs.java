package dev.caravan.e2e;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/** Writes messages and the routes that take them, and keeps what comes out of a queue of jobs. */
final class Jobs {
  private static final Duration LONG = Duration.ofSeconds(20);

  /** What came out at one end. */
  static final class Sink implements Processor {
    private final ConcurrentLinkedQueue<Sent> all = new ConcurrentLinkedQueue<>();

    @Override
    public void process(Exchange exchange) {
      all.add(
          new Sent(
              exchange.getIn().getBody(String.class), Map.copyOf(exchange.getIn().getHeaders())));
    }

    List<Sent> all() {
      return List.copyOf(all);
    }

    /** Waits for so many. */
    List<Sent> await(int count) {
      org.awaitility.Awaitility.await().atMost(LONG).until(() -> all.size() >= count);
      return all();
    }
  }

  /** One message that came out. */
  record Sent(String body, Map<String, Object> headers) {
    JsonObject json() {
      return new JsonObject(body);
    }

    String id() {
      return json().getString("custom_id");
    }

    int status() {
      return json().getJsonObject("response").getInteger("status_code");
    }

    String header(String name) {
      return Objects.requireNonNull((String) headers.get(name), name);
    }
  }

  final Sink answers = new Sink();
  final Sink deadLetters = new Sink();
  final Sink chunks = new Sink();

  Map<String, Object> beans() {
    return Map.of("answers", answers, "dead-letters", deadLetters, "chunks", chunks);
  }

  /**
   * The routes around {@code jobs:work}.
   *
   * @param more parameters of its own, each as YAML
   */
  static String routes(String... more) {
    String answers =
        List.of(more).stream().anyMatch(each -> each.startsWith("answers"))
            ? ""
            : "answers: \"direct:answers\", ";
    String parameters =
        answers
            + "deadLetters: \"direct:dead\""
            + (more.length == 0 ? "" : ", ")
            + String.join(", ", more);
    return """
        - route:
            id: in
            from:
              uri: direct:in
              steps:
                - to: "jobs:work"
        - route:
            id: work
            routeConfigurationId: errors
            from:
              uri: jobs:work
              parameters: { %s }
              steps:
                - to: "pool:*"
        - route:
            id: answers
            from:
              uri: direct:answers
              steps:
                - process: { ref: answers }
        - route:
            id: dead
            from:
              uri: direct:dead
              steps:
                - process: { ref: dead-letters }
        - route:
            id: chunks
            from:
              uri: direct:chunks
              steps:
                - process: { ref: chunks }
        """
        .formatted(parameters);
  }

  /** A line of OpenAI's Batch API. */
  static String line(String id, String body) {
    return new JsonObject()
        .put("custom_id", id)
        .put("method", "POST")
        .put("url", Chat.PATH)
        .put("body", new JsonObject(body))
        .encode();
  }
}
