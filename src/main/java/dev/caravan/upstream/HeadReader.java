package dev.caravan.upstream;

import dev.caravan.time.WallClock;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Reads the head of an answer, passing over interim ones, from bytes that arrive in any parts. One
 * answer, one instance, one event loop.
 */
final class HeadReader {
  /** The most that a head may hold; Netty's and most servers' default is 8 KiB. */
  private static final int MAX_HEAD = 64 * 1024;

  /** Interim (1xx) heads before the answer; 100, 102 and 103 may come, more is a flood. */
  private static final int MAX_INTERIM = 16;

  /** How far the unread bytes were searched for the head's end. */
  private int searched;

  private int interim;
  private final WallClock clock;

  HeadReader(WallClock clock) {
    this.clock = clock;
  }

  /**
   * The answer's head, if all of it is there; what follows it stays readable.
   *
   * @param bytes all that came and was not read; the caller's
   * @return null where more must come: call again with these bytes and more
   */
  @Nullable ResponseHead read(ByteBuf bytes) throws BadResponse {
    while (true) {
      int length = headLength(bytes);
      if (length < 0) {
        return null;
      }
      byte[] raw = new byte[length];
      bytes.readBytes(raw);
      ResponseHead head = ResponseHeadParser.parse(raw, clock);
      if (head.status() >= 200) {
        return head;
      }
      if (++interim > MAX_INTERIM) {
        throw new BadResponse("more than " + MAX_INTERIM + " interim answers");
      }
    }
  }

  private int headLength(ByteBuf bytes) throws BadResponse {
    int skip = Math.max(0, searched - 3);
    bytes.skipBytes(skip);
    int length = HeadEnd.find(bytes);
    bytes.readerIndex(bytes.readerIndex() - skip);
    if (length >= 0) {
      searched = 0;
      length += skip;
    } else {
      searched = bytes.readableBytes();
    }
    if (Math.max(length, searched) > MAX_HEAD) {
      throw new BadResponse("a head of more than " + MAX_HEAD + " bytes");
    }
    return length;
  }
}
