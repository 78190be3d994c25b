package dev.caravan.upstream;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.AnswerId;
import dev.caravan.outcome.Usage;
import dev.caravan.outcome.UsageScanner;
import dev.caravan.request.Api;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** What is read of one answer as it passes, for the lease. Of the call's event loop. */
final class AnswerNotes {
  private final UsageScanner usage = new UsageScanner();
  private final @Nullable AnswerId id;
  private final boolean hides;
  private @Nullable UsageHider hider;

  AnswerNotes(Call call) {
    id = call.request().api() == Api.RESPONSES ? new AnswerId() : null;
    hides = call.asksForUsage();
  }

  /** Looks at the next bytes of the payload. */
  void scan(ByteBuf in, int index, int length, @Nullable Lease lease) {
    usage.scan(in, index, length);
    String found = id == null ? null : id.scan(in, index, length);
    if (found != null && lease != null) {
      lease.response(found);
    }
  }

  /**
   * Where an answer goes on its way to a sink: the same, or what takes out what only the gateway
   * wanted to know. That one wants plain bytes.
   */
  BodySink before(BodySink sink, ResponseHead head, boolean chunked) {
    if (!hides || head.status() >= 300 || !head.eventStream() || head.contentLength() >= 0) {
      return sink;
    }
    hider = new UsageHider(sink, chunked, usage);
    return hider;
  }

  /** What waits for its end is dropped: that will not come. */
  void drop() {
    if (hider != null) {
      hider.release();
    }
  }

  /** The answer has ended, in whatever way: a server may have said what it cost until then. */
  void over(@Nullable Lease lease, ResponseHead head) {
    if (lease == null) {
      return;
    }
    Usage reported = usage.usage();
    lease.usage(reported.promptTokens(), reported.completionTokens(), reported.cachedTokens());
    if (head.eventStream()) {
      lease.events(usage.events());
    }
  }
}
