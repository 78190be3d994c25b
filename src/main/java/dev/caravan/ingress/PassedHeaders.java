package dev.caravan.ingress;

import dev.caravan.request.InvalidRequest;
import dev.caravan.tenant.Shown;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.ClientLimits;
import dev.caravan.upstream.Explained;
import dev.caravan.upstream.TraceContext;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The client's headers that were let in, by lower-case name, the first of a name counts; those that
 * speak to the gateway itself; and those that say to which conversation the request belongs.
 */
final class PassedHeaders implements HeaderAllowList.Receiver {
  private final @Nullable ClientCertificate certificate;
  private @Nullable Map<String, String> byName;
  private @Nullable OwnHeaders own;
  private @Nullable ConversationHeaders conversation;
  private @Nullable String traceParent;
  private @Nullable String traceState;
  private @Nullable Shown shown;

  PassedHeaders() {
    this(null);
  }

  /** Those of a client that has shown a certificate; null for none. */
  PassedHeaders(@Nullable ClientCertificate certificate) {
    this.certificate = certificate;
  }

  /** Who the client is by its certificate; null where it has shown none. */
  @Nullable ClientCertificate certificate() {
    return certificate;
  }

  @Override
  public void passed(String name, String value) {
    if (byName == null) {
      byName = new LinkedHashMap<>();
    }
    byName.putIfAbsent(name, value);
  }

  @Override
  public void own(String name, String value) {
    if (own == null) {
      own = new OwnHeaders();
    }
    own.add(name, value);
  }

  @Override
  public void key(int place, String value) {
    noted().key(place, value);
  }

  @Override
  public void other(String name, String value) {
    noted().other(name, value);
  }

  @Override
  public void trace(String name, String value) {
    if (name.equals(TraceContext.STATE)) {
      traceState = traceState == null ? value : traceState + "," + value;
    } else {
      // Two of them are as good as none: an empty one is not valid.
      traceParent = traceParent == null ? value : "";
    }
  }

  @Override
  public void credentials(String name, String value) {
    if (shown == null) {
      shown = new Shown();
    }
    shown.add(name, value);
  }

  /** The credentials that they show, which are kept no longer here; null for none. */
  @Nullable Shown takeShown() {
    Shown taken = shown;
    shown = null;
    return taken;
  }

  /** Whether a page of another machine has a browser send it. */
  boolean foreign() {
    OwnHeaders said = own;
    return said != null && said.foreign();
  }

  /** The trace that they say the request is part of. */
  TraceContext trace() {
    return traceParent == null ? TraceContext.NONE : TraceContext.of(traceParent, traceState);
  }

  private ConversationHeaders noted() {
    ConversationHeaders said = conversation;
    if (said == null) {
      said = new ConversationHeaders();
      conversation = said;
    }
    return said;
  }

  /** What they say of the conversation; not to be changed. */
  ConversationHeaders conversation() {
    ConversationHeaders said = conversation;
    return said == null ? ConversationHeaders.SILENT : said;
  }

  Map<String, String> asMap() {
    return byName == null ? Map.of() : byName;
  }

  /**
   * Tells a call what its client said to the gateway.
   *
   * @throws InvalidRequest where that cannot be
   */
  void tell(Call call, long arrivedNanos, HttpIngress ingress) throws InvalidRequest {
    OwnHeaders said = own;
    if (said == null) {
      return;
    }
    call.clientRetries(said.retries());
    call.priority(said.priority());
    if (said.explain() && ingress.door().mayAsk(call.client())) {
      call.explain(new Explained());
    }
    ClientLimits limits = said.limits(ingress.settings().maxTimeoutMillis());
    if (limits.any()) {
      call.limit(limits, arrivedNanos, ingress.ticker());
    }
  }
}
