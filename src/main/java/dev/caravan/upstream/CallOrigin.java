package dev.caravan.upstream;

import dev.caravan.tenant.Client;
import dev.caravan.tenant.Priority;
import dev.caravan.tenant.Shown;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Where a call came from, who asks, and who wants to be told of it: what does not change on its
 * road. The setters are for before it enters the routes.
 */
class CallOrigin {
  private final String requestId;
  private final EventLoop loop;
  private final HeaderLines headers;
  private final int bytesIn;
  private Client client = Client.ANONYMOUS;
  private @Nullable Priority asked;
  private @Nullable Shown shown;
  private int clientRetries;
  private @Nullable Explained explained;
  private @Nullable Trace trace;

  CallOrigin(String requestId, EventLoop loop, HeaderLines headers, int bytesIn) {
    this.requestId = requestId;
    this.loop = loop;
    this.headers = headers;
    this.bytesIn = bytesIn;
  }

  CallOrigin(CallOrigin of) {
    this(of.requestId, of.loop, of.headers, of.bytesIn);
    client = of.client;
    shown = of.shown;
    explained = of.explained;
    trace = of.trace;
  }

  public final String requestId() {
    return requestId;
  }

  public final EventLoop loop() {
    return loop;
  }

  public final HeaderLines headers() {
    return headers;
  }

  /** The size of the client's body. */
  public final int bytesIn() {
    return bytesIn;
  }

  /** Who asks. */
  public final Client client() {
    return client;
  }

  /** Its credentials have said who asks. */
  public final void client(Client known) {
    client = known;
  }

  /** The client asks for that class; null where it does not say. */
  public final void priority(@Nullable Priority said) {
    asked = said;
  }

  /** In which class it waits where it must: what its client asked for, within its right. */
  public final Priority priority() {
    Priority highest = client.highest();
    Priority said = asked;
    return said == null || said.compareTo(highest) < 0 ? highest : said;
  }

  /** The credentials that its client has shown, for servers that are to get them; null for none. */
  public final void shown(@Nullable Shown credentials) {
    shown = credentials;
  }

  /** Writes the lines of the credentials that its client has shown, as they came. */
  final void writeCredentials(ByteBuf to) {
    if (shown != null) {
      to.writeCharSequence(shown.lines(), StandardCharsets.ISO_8859_1);
    }
  }

  /** The client has sent this request so many times before; before a pool takes it. */
  public final void clientRetries(int count) {
    clientRetries = count;
  }

  /** How many times the client has sent this request before, as it says itself. */
  public final int clientRetries() {
    return clientRetries;
  }

  /** Its client wants to know why it is sent where it is: there. */
  public final void explain(Explained into) {
    explained = into;
  }

  /** Where to say why a server was picked; null where nobody wants to know. */
  public final @Nullable Explained explained() {
    return explained;
  }

  /** What is recorded of its road from now on; null where nothing is. */
  public final void trace(@Nullable Trace begun) {
    trace = begun;
  }

  /** What is recorded of its road, or null. */
  public final @Nullable Trace trace() {
    return trace;
  }
}
