package dev.caravan.testing;

import dev.caravan.time.Ticker;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection on which every byte is the test's: nothing is sent that the test did not
 * say, and what comes is taken apart strictly. For one thread.
 */
public final class RawHttp implements AutoCloseable {
  private static final Ticker TICKER = Ticker.system();

  private final Socket socket;
  private final InputStream in;

  /** An answer with its whole body, without its framing. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Answer(RawHead head, byte[] body) {
    public int status() {
      return head.status();
    }

    public String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  /** A piece of a body and when it was here. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Chunk(byte[] bytes, long atNanos) {
    public String text() {
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  public RawHttp(int port) throws IOException {
    this(port, 0);
  }

  /**
   * A connection to a port of this machine.
   *
   * @param receiveBytes the size of its receive buffer; 0 for the system's
   */
  public RawHttp(int port, int receiveBytes) throws IOException {
    socket = new Socket();
    if (receiveBytes > 0) {
      socket.setReceiveBufferSize(receiveBytes);
    }
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 20_000);
    socket.setSoTimeout(30_000);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
  }

  /** A connection that stands already, with TLS say. */
  public RawHttp(Socket connected) throws IOException {
    socket = connected;
    socket.setSoTimeout(30_000);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
  }

  public RawHttp send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** Sends text in ISO 8859-1, a byte a character. */
  public RawHttp send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Sends a whole POST of JSON in one write. */
  public RawHttp post(String path, byte[] body, String... headers) throws IOException {
    StringBuilder head = new StringBuilder("POST " + path + " HTTP/1.1\r\nhost: test\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    head.append("content-type: application/json\r\ncontent-length: ").append(body.length);
    byte[] start = head.append("\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = new byte[start.length + body.length];
    System.arraycopy(start, 0, all, 0, start.length);
    System.arraycopy(body, 0, all, start.length, body.length);
    return send(all);
  }

  public RawHttp post(String path, String body, String... headers) throws IOException {
    return post(path, body.getBytes(StandardCharsets.UTF_8), headers);
  }

  public RawHttp get(String path, String... headers) throws IOException {
    StringBuilder head = new StringBuilder("GET " + path + " HTTP/1.1\r\nhost: test\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    return send(head + "\r\n");
  }

  /** The next head. */
  public RawHead head() throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.length() < 4 || text.indexOf("\r\n\r\n", text.length() - 4) < 0) {
      int one = in.read();
      if (one < 0) {
        throw new EOFException("closed after \"" + text + '"');
      }
      text.append((char) one);
    }
    return RawHead.parse(text.toString());
  }

  /** The next answer, whole. */
  public Answer answer() throws IOException {
    RawHead head = head();
    return new Answer(head, body(head));
  }

  /** The answer to a HEAD request: there is no body, whatever the head says. */
  public Answer answerToHead() throws IOException {
    return new Answer(head(), new byte[0]);
  }

  /** The body that follows a head. */
  public byte[] body(RawHead head) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    if (head.is("transfer-encoding", "chunked")) {
      for (Chunk chunk = chunk(); chunk.bytes().length > 0; chunk = chunk()) {
        body.write(chunk.bytes());
      }
      return body.toByteArray();
    }
    String length = head.header("content-length");
    if (length == null) {
      return in.readAllBytes();
    }
    byte[] all = in.readNBytes(Integer.parseInt(length));
    if (all.length < Integer.parseInt(length)) {
      throw new EOFException("closed after " + all.length + " of " + length + " bytes");
    }
    return all;
  }

  /** One chunk of a chunked body; an empty one is the end. */
  public Chunk chunk() throws IOException {
    int size = Integer.parseInt(line(), 16);
    byte[] bytes = in.readNBytes(size);
    if (bytes.length < size) {
      throw new EOFException("closed within a chunk");
    }
    if (!line().isEmpty()) {
      throw new IOException("no line break behind a chunk");
    }
    return new Chunk(bytes, TICKER.nanos());
  }

  /** Reads and forgets so many bytes. */
  public InputStream in() {
    return in;
  }

  /** Everything until the other side closes. */
  public String rest() throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  /** Whether the other side has closed behind what was read; waits for it. */
  public boolean closed() throws IOException {
    return in.read() < 0;
  }

  /** Says that nothing more will be sent. */
  public void halfClose() throws IOException {
    socket.shutdownOutput();
  }

  /** Leaves with a TCP reset. */
  public void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int one = in.read();
      if (one < 0) {
        throw new EOFException("closed within a line");
      }
      if (one == '\r') {
        if (in.read() != '\n') {
          throw new IOException("CR without LF");
        }
        return line.toString();
      }
      line.append((char) one);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  /** One request on a connection of its own. */
  public static Answer ask(int port, String path, @Nullable String body, String... headers)
      throws IOException {
    try (RawHttp client = new RawHttp(port)) {
      return (body == null ? client.get(path, headers) : client.post(path, body, headers)).answer();
    }
  }
}
