package dev.caravan.route;

import dev.caravan.request.Conversation;
import dev.caravan.request.Conversation.Source;
import dev.caravan.request.InferenceRequest;
import dev.caravan.upstream.Call;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * What a route says of a request, in properties of its exchange. It knows better than ingress. A
 * property that is not set, or whose expression gave nothing, leaves what was found; an empty text
 * takes it away.
 */
final class RouteProperties {
  /** Names the conversation. */
  static final String CONVERSATION = "caravan.conversation";

  /** Names whose request it is. */
  static final String TENANT = "caravan.tenant";

  /** Says whether it is background work: {@code true} or {@code false}. */
  static final String BACKGROUND = "caravan.background";

  private RouteProperties() {}

  /**
   * Tells a call what the route says of it by now.
   *
   * @throws IllegalArgumentException for what cannot be understood; the message says of which
   *     property
   */
  static void apply(Exchange exchange, Call call) {
    String conversation = text(exchange, CONVERSATION);
    String tenant = text(exchange, TENANT);
    if (conversation != null) {
      Conversation stated = Conversation.of(Source.ROUTE, conversation);
      if (!stated.equals(call.request().conversation())) {
        call.restate(call.request().in(stated));
      }
    }
    if (tenant != null) {
      long id = tenant.isBlank() ? 0 : Conversation.digest(tenant);
      InferenceRequest request = call.request();
      if (id != request.tenant()) {
        call.restate(request.of(id));
      }
    }
    String background = text(exchange, BACKGROUND);
    if (background != null) {
      boolean yields = flag(background);
      if (yields != call.request().background()) {
        call.restate(call.request().background(yields));
      }
    }
  }

  private static boolean flag(String said) {
    boolean yields = said.equalsIgnoreCase("true");
    if (!yields && !said.isBlank() && !said.equalsIgnoreCase("false")) {
      throw new IllegalArgumentException(
          "property " + BACKGROUND + " must be true or false, was \"" + said + "\"");
    }
    return yields;
  }

  private static @Nullable String text(Exchange exchange, String name) {
    Object value = exchange.getProperty(name);
    return value == null || value instanceof String
        ? (String) value
        : exchange.getProperty(name, String.class);
  }
}
