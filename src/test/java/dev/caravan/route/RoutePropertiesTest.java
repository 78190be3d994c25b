package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.caravan.request.AnyRequest;
import dev.caravan.request.Conversation;
import dev.caravan.request.Conversation.Source;
import dev.caravan.request.InferenceRequest;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.HeaderLines;
import io.netty.channel.embedded.EmbeddedChannel;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;

class RoutePropertiesTest {
  private static final Conversation FOUND = Conversation.of(Source.HEADER, "found");

  private final Exchange exchange = new DefaultExchange(new DefaultCamelContext());
  private final Call call =
      new Call(
          AnyRequest.chat().in(FOUND), "id", new EmbeddedChannel().eventLoop(), HeaderLines.NONE);

  private InferenceRequest applied() {
    RouteProperties.apply(exchange, call);
    return call.request();
  }

  @Test
  void apply_nothingSaid_changesNothing() {
    InferenceRequest before = call.request();
    assertThat(applied()).isSameAs(before);
  }

  @Test
  void apply_conversation_countsMoreThanWhatWasFound() {
    exchange.setProperty("caravan.conversation", "stated");
    assertThat(applied().conversation()).isEqualTo(Conversation.of(Source.ROUTE, "stated"));
    InferenceRequest once = call.request();
    assertThat(applied()).as("the second look is for free").isSameAs(once);
  }

  @Test
  void apply_whatIsNoText_isTakenAsOne() {
    exchange.setProperty("caravan.conversation", 4711);
    assertThat(applied().conversation()).isEqualTo(Conversation.of(Source.ROUTE, "4711"));
  }

  @Test
  void apply_background_isSaidAndTakenAway() {
    exchange.setProperty("caravan.background", true);
    assertThat(applied().background()).isTrue();
    exchange.setProperty("caravan.tenant", "acme");
    assertThat(applied().background()).as("whatever else is said").isTrue();
    assertThat(call.request().conversation()).isEqualTo(FOUND);
    exchange.setProperty("caravan.background", "False");
    assertThat(applied().background()).isFalse();
  }

  @Test
  void apply_backgroundThatIsNeither_isSaid() {
    exchange.setProperty("caravan.background", "maybe");
    assertThatIllegalArgumentException()
        .isThrownBy(this::applied)
        .withMessage("property caravan.background must be true or false, was \"maybe\"");
  }

  @Test
  void apply_blank_takesItAway() {
    exchange.setProperty("caravan.conversation", "");
    exchange.setProperty("caravan.tenant", "acme");
    assertThat(applied().conversation()).isEqualTo(Conversation.NONE);
    assertThat(call.request().tenant()).isEqualTo(Conversation.digest("acme"));
    exchange.setProperty("caravan.tenant", " ");
    assertThat(applied().tenant()).isZero();
  }
}
