package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;

/*
 * The usual read of an event stream is one or more whole chunks, and those go to a client that
 * takes chunks as the very bytes that came: nothing is copied or written anew. Only a chunk that a
 * read cuts, or that carries an extension, is framed again, so that what was passed always ends
 * where a chunk ends and an error frame can follow at any time.
 */

/**
 * A chunked body. Extensions and trailers are dropped; sizes are checked strictly.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9112#section-7.1">RFC 9112, 7.1</a>
 */
final class ChunkedBody extends BodyFramer {
  /** Bytes of extensions and trailers that a body may hold; chosen without experiment. */
  private static final int MAX_EXTRA = 16 * 1024;

  private enum State {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_LINE,
    TRAILER_LF,
    LAST_LF
  }

  private State state = State.SIZE;
  private long remaining;
  private int digits;
  private int extra;

  /** Where the run of whole chunks in this read starts, or -1; and where it ends so far. */
  private int runStart;

  private int runEnd;

  /** Whether the chunk at hand began in this read and is written as we would write it. */
  private boolean whole;

  private int chunkStart;

  @Override
  boolean feed(ByteBuf in, Output out) throws BadResponse {
    runStart = -1;
    whole = false;
    int at = in.readerIndex();
    int end = in.writerIndex();
    while (at < end) {
      switch (state) {
        case SIZE -> at = size(in, at, end);
        case EXTENSION -> {
          whole = false;
          extra(1);
          if (in.getByte(at++) == '\r') {
            state = State.SIZE_LF;
          }
        }
        case SIZE_LF -> {
          expect(in.getByte(at++), '\n');
          state = remaining == 0 ? State.TRAILER : State.DATA;
        }
        case DATA -> at = data(in, at, end, out);
        case DATA_CR -> {
          expect(in.getByte(at++), '\r');
          state = State.DATA_LF;
        }
        case DATA_LF -> {
          expect(in.getByte(at++), '\n');
          startChunk();
        }
        case TRAILER -> {
          if (in.getByte(at++) == '\r') {
            state = State.LAST_LF;
          } else {
            whole = false;
            extra(1);
            state = State.TRAILER_LINE;
          }
        }
        case TRAILER_LINE -> {
          extra(1);
          if (in.getByte(at++) == '\r') {
            state = State.TRAILER_LF;
          }
        }
        case TRAILER_LF -> {
          expect(in.getByte(at++), '\n');
          state = State.TRAILER;
        }
        case LAST_LF -> {
          expect(in.getByte(at++), '\n');
          return finish(in, at, out);
        }
      }
    }
    if (runStart == in.readerIndex() && runEnd == end) {
      out.pass(in);
      return false;
    }
    passRun(in, out);
    in.release();
    return false;
  }

  private void startChunk() {
    state = State.SIZE;
    remaining = 0;
    digits = 0;
  }

  private int size(ByteBuf in, int from, int end) throws BadResponse {
    int at = from;
    if (digits == 0) {
      whole = true;
      chunkStart = from;
    }
    while (at < end) {
      byte b = in.getByte(at++);
      int digit = Character.digit(b, 16);
      if (digit >= 0) {
        if (++digits > 15) {
          throw new BadResponse("a chunk size of more than 15 digits");
        }
        remaining = remaining << 4 | digit;
        continue;
      }
      if (digits == 0) {
        throw new BadResponse("a chunk without a size");
      }
      if (b == '\r') {
        state = State.SIZE_LF;
      } else if (b == ';' || b == ' ' || b == '\t') {
        state = State.EXTENSION;
      } else {
        throw new BadResponse("a chunk size that is not hexadecimal");
      }
      return at;
    }
    return at;
  }

  private int data(ByteBuf in, int at, int end, Output out) throws BadResponse {
    int length = (int) Math.min(remaining, end - at);
    out.payload(in, at, length);
    int after = at + length;
    boolean complete = length == remaining && after + 2 <= end;
    if (complete && whole && chunkedOut) {
      expect(in.getByte(after), '\r');
      expect(in.getByte(after + 1), '\n');
      if (runStart < 0) {
        runStart = chunkStart;
      }
      runEnd = after + 2;
      startChunk();
      return runEnd;
    }
    passRun(in, out);
    whole = false;
    remaining -= length;
    if (chunkedOut) {
      Chunks.frame(in.retainedSlice(at, length), out);
    } else {
      out.pass(in.retainedSlice(at, length));
    }
    if (remaining == 0) {
      state = State.DATA_CR;
    }
    return after;
  }

  private boolean finish(ByteBuf in, int at, Output out) {
    if (chunkedOut && whole && (runStart < 0 || runEnd == chunkStart)) {
      if (runStart < 0) {
        runStart = chunkStart;
      }
      runEnd = at;
      passRun(in, out);
    } else {
      passRun(in, out);
      if (chunkedOut) {
        out.pass(Chunks.last());
      }
    }
    in.readerIndex(at);
    return true;
  }

  private void passRun(ByteBuf in, Output out) {
    if (runStart >= 0) {
      out.pass(in.retainedSlice(runStart, runEnd - runStart));
      runStart = -1;
    }
  }

  private void extra(int bytes) throws BadResponse {
    extra += bytes;
    if (extra > MAX_EXTRA) {
      throw new BadResponse("chunk extensions and trailers of more than " + MAX_EXTRA + " bytes");
    }
  }

  private static void expect(byte found, char wanted) throws BadResponse {
    if (found != wanted) {
      throw new BadResponse("a chunk that does not end where its size says");
    }
  }

  @Override
  boolean endsAtClose() {
    return false;
  }
}
