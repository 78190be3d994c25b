package dev.caravan.testing;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A client's HTTP/2 connection on which every frame is the test's (RFC 9113): nothing is sent that
 * the test did not say, but the preface, and acknowledgements of settings. Fields are written as
 * literals, so that they may be wrong. For one thread.
 */
public final class RawHttp2 implements AutoCloseable {
  public static final int DATA = 0;
  public static final int HEADERS = 1;
  public static final int RST_STREAM = 3;
  public static final int SETTINGS = 4;
  public static final int PING = 6;
  public static final int GOAWAY = 7;
  public static final int WINDOW_UPDATE = 8;
  public static final int END_STREAM = 1;
  public static final int ACK = 1;
  public static final int END_HEADERS = 4;
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final Socket socket;
  private final DataInputStream in;
  private final ByteArrayOutputStream batch = new ByteArrayOutputStream();
  private final DefaultHttp2HeadersDecoder fields = new DefaultHttp2HeadersDecoder(false, 1 << 20);
  private final Map<Integer, Answer> answers = new HashMap<>();
  private final Map<Integer, Long> settings = new TreeMap<>();
  private final List<Integer> goneAway = new ArrayList<>();
  private int lastError;

  /** What has come on one stream so far. */
  public static final class Answer {
    private final List<Integer> interim = new ArrayList<>();
    private final Map<String, String> head = new TreeMap<>();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private boolean ended;
    private int reset = -1;
    private int parts;

    public int status() {
      return Integer.parseInt(head.getOrDefault(":status", "0"));
    }

    /** Statuses 1xx that came before. */
    public List<Integer> interim() {
      return interim;
    }

    public @Nullable String header(String name) {
      return head.get(name);
    }

    public Map<String, String> head() {
      return head;
    }

    public String text() {
      return body.toString(StandardCharsets.UTF_8);
    }

    public byte[] bytes() {
      return body.toByteArray();
    }

    /** Whether its end has come. */
    public boolean ended() {
      return ended;
    }

    /** The code of the frame that has reset it; -1 for none. */
    public int reset() {
      return reset;
    }

    /** DATA frames that held something. */
    public int parts() {
      return parts;
    }
  }

  /** Speaks first; the connection stands already, with TLS say. */
  public RawHttp2(Socket connected) throws IOException {
    socket = connected;
    socket.setSoTimeout(30_000);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream(), 64 * 1024));
    batch.writeBytes(PREFACE);
    send(SETTINGS, 0, 0, new byte[0]);
  }

  // ---- sending

  /** Adds a frame to those that {@link #flush} sends. */
  public RawHttp2 frame(int type, int flags, int stream, byte[] payload) {
    batch.writeBytes(
        ByteBuffer.allocate(9)
            .putInt(payload.length << 8 | type)
            .put((byte) flags)
            .putInt(stream)
            .array());
    batch.writeBytes(payload);
    return this;
  }

  public void flush() throws IOException {
    socket.getOutputStream().write(batch.toByteArray());
    batch.reset();
  }

  public RawHttp2 send(int type, int flags, int stream, byte[] payload) throws IOException {
    frame(type, flags, stream, payload).flush();
    return this;
  }

  /**
   * A head.
   *
   * @param pairs names and values
   */
  public RawHttp2 headers(int stream, boolean end, String... pairs) throws IOException {
    return send(HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, literals(pairs));
  }

  /** A head of a POST, with what is usual. */
  public RawHttp2 post(int stream, String path, boolean end, String... more) throws IOException {
    String[] usual = {
      ":method", "POST", ":scheme", "https", ":path", path, ":authority", "localhost"
    };
    String[] all = new String[usual.length + more.length];
    System.arraycopy(usual, 0, all, 0, usual.length);
    System.arraycopy(more, 0, all, usual.length, more.length);
    return headers(stream, end, all);
  }

  /** A whole POST. */
  public RawHttp2 ask(int stream, String path, String body) throws IOException {
    return post(stream, path, false, "content-type", "application/json").data(stream, body, true);
  }

  public RawHttp2 data(int stream, String text, boolean end) throws IOException {
    return send(DATA, end ? END_STREAM : 0, stream, text.getBytes(StandardCharsets.UTF_8));
  }

  public RawHttp2 reset(int stream, int code) throws IOException {
    return send(RST_STREAM, 0, stream, number(code));
  }

  /** Lets so many more bytes come; on stream 0 for all of them. */
  public RawHttp2 more(int stream, int bytes) throws IOException {
    return send(WINDOW_UPDATE, 0, stream, number(bytes));
  }

  public static byte[] number(int value) {
    return ByteBuffer.allocate(4).putInt(value).array();
  }

  /** Fields as literals without indexing (RFC 7541, 6.2.2), each byte as it is. */
  public static byte[] literals(String... pairs) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < pairs.length; i += 2) {
      out.write(0);
      text(out, pairs[i]);
      text(out, pairs[i + 1]);
    }
    return out.toByteArray();
  }

  private static void text(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    if (bytes.length < 127) {
      out.write(bytes.length);
    } else {
      out.write(127);
      int rest = bytes.length - 127;
      while (rest >= 128) {
        out.write((rest & 127) | 128);
        rest >>= 7;
      }
      out.write(rest);
    }
    out.writeBytes(bytes);
  }

  // ---- reading

  /** What has come on a stream. */
  public Answer on(int stream) {
    return answers.computeIfAbsent(stream, each -> new Answer());
  }

  /** Reads until the answer on a stream is over, one way or the other. */
  public Answer answer(int stream) throws IOException {
    while (!on(stream).ended && on(stream).reset < 0) {
      read();
    }
    return on(stream);
  }

  /** Reads until the stream is reset; the code. */
  public int awaitReset(int stream) throws IOException {
    while (on(stream).reset < 0) {
      read();
    }
    return on(stream).reset;
  }

  /** Reads to the end of the connection; whether that was said by TLS or TCP, or was a reset. */
  public boolean closed() {
    try {
      while (true) {
        read();
      }
    } catch (EOFException end) {
      return true;
    } catch (IOException reset) {
      return !(reset instanceof java.net.SocketTimeoutException);
    }
  }

  /** The last stream that each GOAWAY so far has named. */
  public List<Integer> goneAway() {
    return goneAway;
  }

  /** The code of the last GOAWAY. */
  public int lastError() {
    return lastError;
  }

  /** A setting of the server's, once its settings are read. */
  public @Nullable Long setting(int id) {
    return settings.get(id);
  }

  /** Reads one frame; what kind it was. */
  public int read() throws IOException {
    int head = in.readInt();
    int type = head & 0xff;
    int flags = in.readUnsignedByte();
    int stream = in.readInt();
    byte[] payload = in.readNBytes(head >>> 8);
    if (payload.length < head >>> 8) {
      throw new EOFException();
    }
    ByteBuffer data = ByteBuffer.wrap(payload);
    switch (type) {
      case DATA -> {
        on(stream).body.writeBytes(payload);
        on(stream).parts += payload.length > 0 ? 1 : 0;
        on(stream).ended |= (flags & END_STREAM) != 0;
      }
      case HEADERS -> head(on(stream), stream, flags, payload);
      case RST_STREAM -> on(stream).reset = data.getInt();
      case SETTINGS -> {
        if ((flags & ACK) == 0) {
          while (data.hasRemaining()) {
            settings.put((int) data.getShort(), (long) data.getInt());
          }
          send(SETTINGS, ACK, 0, new byte[0]);
        }
      }
      case GOAWAY -> {
        goneAway.add(data.getInt());
        lastError = data.getInt();
      }
      default -> {}
    }
    return type;
  }

  private void head(Answer answer, int stream, int flags, byte[] payload) throws IOException {
    ByteBuf block = Unpooled.wrappedBuffer(payload);
    Map<String, String> read = new TreeMap<>();
    try {
      fields
          .decodeHeaders(stream, block)
          .forEach(
              each ->
                  read.merge(
                      each.getKey().toString(),
                      each.getValue().toString(),
                      (one, other) -> one + "\n" + other));
    } catch (Http2Exception e) {
      throw new IOException(e);
    }
    String status = read.getOrDefault(":status", "0");
    if (status.startsWith("1")) {
      answer.interim.add(Integer.parseInt(status));
      return;
    }
    answer.head.putAll(read);
    answer.ended |= (flags & END_STREAM) != 0;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
