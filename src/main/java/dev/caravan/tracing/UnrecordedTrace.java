package dev.caravan.tracing;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.AttemptTrace;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.Target;
import dev.caravan.upstream.Trace;
import dev.caravan.upstream.TraceContext;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A request that is not recorded, and each of its attempts: one object in all. The server is told
 * that the trace is not recorded, so that it does not record a piece of it. Immutable.
 */
final class UnrecordedTrace implements Trace, AttemptTrace {
  private static final byte[] START = "traceparent: 00-".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "-00\r\n".getBytes(StandardCharsets.US_ASCII);

  private final TraceContext said;
  private final long traceHigh;
  private final long traceLow;
  private final long spanId;

  private UnrecordedTrace(TraceContext said, long traceHigh, long traceLow, long spanId) {
    this.said = said;
    this.traceHigh = traceHigh;
    this.traceLow = traceLow;
    this.spanId = spanId;
  }

  /** Goes on as it came. */
  static UnrecordedTrace passed(TraceContext said) {
    return new UnrecordedTrace(said, 0, 0, 0);
  }

  /** Begins here; the trace's and the span's ids are not 0. */
  static UnrecordedTrace begun(long traceHigh, long traceLow, long spanId) {
    return new UnrecordedTrace(TraceContext.NONE, traceHigh, traceLow, spanId);
  }

  @Override
  public AttemptTrace attempt(Call call, Lease lease, Target target) {
    return this;
  }

  @Override
  public void writeTo(ByteBuf head) {
    if (said.known()) {
      ContextLines.write(head, said.parent(), said.state());
      return;
    }
    head.writeBytes(START);
    hex(head, traceHigh);
    hex(head, traceLow);
    head.writeByte('-');
    hex(head, spanId);
    head.writeBytes(END);
  }

  private static void hex(ByteBuf to, long bits) {
    to.writeLong(eightDigits(bits >>> 32)).writeLong(eightDigits(bits & 0xFFFF_FFFFL));
  }

  /** Eight hexadecimal digits in ASCII, a byte each, of 32 bits. */
  private static long eightDigits(long bits) {
    // Each half byte into a byte of its own.
    long spread = (bits | bits << 16) & 0x0000_FFFF_0000_FFFFL;
    spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FFL;
    spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0FL;
    // One in each byte above 9, where letters begin: 'a' is 39 behind what follows '9'.
    long letters = (spread + 0x0606_0606_0606_0606L) >>> 4 & 0x0101_0101_0101_0101L;
    return spread + 0x3030_3030_3030_3030L + letters * 39;
  }

  @Override
  public void closed(Lease lease, Outcome outcome) {
    // nothing is recorded
  }

  @Override
  public void ended(@Nullable Call call, int status, Outcome outcome) {
    // nothing is recorded
  }

  @Override
  public boolean sampled() {
    return false;
  }

  @Override
  public String traceId() {
    return "";
  }

  @Override
  public String spanId() {
    return "";
  }
}
