package dev.caravan.tracing;

import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.concurrent.atomic.LongAdder;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Counts what an exporter takes and loses, and says so in a line. Safe for any thread. */
final class Exports implements SpanExporter {
  private static final Logger LOG = Logger.getLogger(Exports.class);

  private final SpanExporter to;
  private final String where;
  private final LogThrottle throttle;
  private final LongAdder exported = new LongAdder();
  private final LongAdder failed = new LongAdder();

  /**
   * Around an exporter.
   *
   * @param where it exports to, for the operator
   */
  Exports(SpanExporter to, String where, Ticker ticker) {
    this.to = to;
    this.where = where;
    throttle = new LogThrottle(ticker);
  }

  @Override
  public CompletableResultCode export(Collection<SpanData> spans) {
    int count = spans.size();
    CompletableResultCode result = to.export(spans);
    result.whenComplete(
        () -> {
          if (result.isSuccess()) {
            exported.add(count);
          } else {
            failed.add(count);
            complain(count, result.getFailureThrowable());
          }
        });
    return result;
  }

  private void complain(int count, @Nullable Throwable why) {
    int suppressed = throttle.enter();
    if (suppressed >= 0) {
      LOG.warnf(
          "%d spans could not be sent to %s%s%s",
          count,
          where,
          why == null || why.getMessage() == null ? "" : ": " + why.getMessage(),
          suppressed == 0 ? "" : " (and " + suppressed + " more like it)");
    }
  }

  long exported() {
    return exported.sum();
  }

  long failed() {
    return failed.sum();
  }

  @Override
  public CompletableResultCode flush() {
    return to.flush();
  }

  @Override
  public CompletableResultCode shutdown() {
    return to.shutdown();
  }
}
