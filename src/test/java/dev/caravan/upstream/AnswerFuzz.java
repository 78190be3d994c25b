package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.caravan.health.EngineMetrics;
import dev.caravan.health.MetricsText;
import dev.caravan.outcome.AnswerId;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.UsageScanner;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A fuzz target: any bytes as a model server's answer, at once and cut in pieces, through all that
 * looks at one: its head, its chunks, what is searched for its cost and its id, its events, its
 * metrics. Nothing may throw but {@link BadResponse}, or be kept; what is found must not depend on
 * where the bytes were cut, and what is passed on is the payload in chunks that are right.
 */
public final class AnswerFuzz {
  private static final long NOW = 1_792_567_650_000L;

  private AnswerFuzz() {}

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] bytes) throws Exception {
    Random random = new Random(bytes.length);
    for (boolean chunkedOut : new boolean[] {true, false}) {
      List<byte[]> pieces = new ArrayList<>();
      for (int at = 0; at < bytes.length; ) {
        int end = Math.min(bytes.length, at + 1 + random.nextInt(9));
        pieces.add(Arrays.copyOfRange(bytes, at, end));
        at = end;
      }
      String whole = new Reader(chunkedOut).read(List.of(bytes));
      String cut = new Reader(chunkedOut).read(pieces);
      if (!whole.equals(cut)) {
        throw new AssertionError("at once " + whole + ", in pieces " + cut);
      }
    }
  }

  /** Reads one answer. */
  private static final class Reader implements BodyFramer.Output {
    private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false);
    private final boolean chunkedOut;
    private final StringBuilder payload = new StringBuilder();
    private final StringBuilder passed = new StringBuilder();
    private final UsageScanner usage = new UsageScanner();
    private final AnswerId id = new AnswerId();
    private final StringBuilder ids = new StringBuilder();
    private final StringBuilder lengths = new StringBuilder();
    private final EventReader events = new EventReader();
    private final EngineMetrics metrics = new EngineMetrics();
    private final MetricsText text = new MetricsText(metrics);
    private final UsageHider hider;

    Reader(boolean chunkedOut) {
      this.chunkedOut = chunkedOut;
      hider = new UsageHider(new Sink(), chunkedOut, usage);
    }

    String read(List<byte[]> pieces) {
      String told = found(pieces);
      if (memory.metric().usedHeapMemory() != 0) {
        throw new AssertionError("memory is kept");
      }
      return told;
    }

    private String found(List<byte[]> pieces) {
      HeadReader heads = new HeadReader(() -> NOW);
      ByteBuf in = memory.heapBuffer();
      BodyFramer framer = PlainBody.untilClose(); // another one with the head
      ResponseHead head = null;
      boolean ended = false;
      try {
        for (byte[] piece : pieces) {
          in.writeBytes(piece);
          if (head == null) {
            head = heads.read(in);
            if (head == null) {
              continue;
            }
            framer = framer(head);
            framer.chunkedOut(chunkedOut);
          }
          ended = framer.feed(in, this);
          if (ended) {
            break;
          }
          in = memory.heapBuffer();
        }
        return head == null ? "nothing" : told(head, ended);
      } catch (BadResponse bad) {
        return "bad";
      } finally {
        hider.release();
        if (in.refCnt() > 0) {
          in.release();
        }
      }
    }

    /** As a transfer chooses it. */
    private static BodyFramer framer(ResponseHead head) {
      return head.endsAtClose()
          ? PlainBody.untilClose()
          : head.chunked() && !head.bodiless()
              ? new ChunkedBody()
              : PlainBody.ofLength(head.contentLength());
    }

    private String told(ResponseHead head, boolean ended) {
      ByteBuf lines = memory.heapBuffer();
      head.writeLinesTo(lines);
      String kept = lines.toString(ISO_8859_1);
      lines.release();
      if (!kept.isEmpty() && !kept.endsWith("\r\n")) {
        throw new AssertionError("half a line: " + kept);
      }
      if (ended) {
        hider.end();
      }
      text.end();
      String sent = chunkedOut ? joined(passed.toString()) : passed.toString();
      if (!sent.contentEquals(payload)) {
        throw new AssertionError("passed " + sent + " of " + payload);
      }
      return head.status()
          + kept
          + ended
          + payload
          + usage.usage()
          + usage.events()
          + ids
          + lengths
          + head.retryAfterMillis()
          + metrics.reading();
    }

    /** What is in chunks; they may lack the last one. */
    private static String joined(String chunks) {
      StringBuilder all = new StringBuilder();
      for (int at = 0; at < chunks.length(); ) {
        int line = chunks.indexOf("\r\n", at);
        int size = Integer.parseInt(chunks.substring(at, line), 16);
        int end = line + 2 + size;
        all.append(chunks, line + 2, end);
        if (!chunks.startsWith("\r\n", end)) {
          throw new AssertionError("no chunks: " + chunks);
        }
        at = end + 2;
        if (size == 0 && at != chunks.length()) {
          throw new AssertionError("bytes behind the last chunk: " + chunks);
        }
      }
      return all.toString();
    }

    @Override
    public void pass(ByteBuf part) {
      passed.append(part.toString(ISO_8859_1));
      part.release();
    }

    @Override
    public void payload(ByteBuf in, int index, int length) {
      payload.append(in.toString(index, length, ISO_8859_1));
      usage.scan(in, index, length);
      String seen = id.scan(in, index, length);
      ids.append(seen == null ? "" : seen);
      ByteBuf part = memory.heapBuffer(Math.max(1, length)).writeBytes(in, index, length);
      events.append(part);
      while (events.next()) {
        lengths.append('|').append(events.dataLength());
      }
      events.discardRead();
      text.accept(part);
      hider.bytes(part);
    }

    private static final class Sink implements BodySink {
      @Override
      public void bytes(ByteBuf part) {
        part.release();
      }

      @Override
      public void flush() {}

      @Override
      public void end() {}

      @Override
      public void broken(Outcome how) {}
    }
  }
}
