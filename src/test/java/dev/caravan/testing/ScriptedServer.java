package dev.caravan.testing;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A model server that does on the wire exactly what a test says, a script for each connection. Its
 * connections have threads of their own, and are closed when their script ends.
 */
public final class ScriptedServer implements AutoCloseable {

  /** What happens on one connection, counted from 1. */
  @FunctionalInterface
  public interface Script {
    void run(Peer peer, int connection) throws Exception;
  }

  /** A request as it came. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Request(RawHead head, byte[] body, int connection) {
    public String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  private final ServerSocket listening;
  private final boolean tls;
  private final Script script;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger connections = new AtomicInteger();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final AtomicLong written = new AtomicLong();
  private final AtomicInteger left = new AtomicInteger();

  public ScriptedServer(Script script) throws IOException {
    this(new ServerSocket(), false, script);
  }

  /** On a socket of the test's making, not bound yet. */
  public ScriptedServer(ServerSocket socket, boolean tls, Script script) throws IOException {
    this.listening = socket;
    this.tls = tls;
    this.script = script;
    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
    threads.execute(this::accept);
  }

  /** Answers every request on every connection with the same bytes. */
  public static ScriptedServer answering(String bytes) throws IOException {
    return new ScriptedServer(
        (peer, connection) -> {
          while (peer.request() != null) {
            peer.send(bytes);
          }
        });
  }

  /** A whole answer with a length. */
  public static String whole(int status, String body, String... headers) {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Status\r\n");
    head.append("content-type: application/json\r\ncontent-length: ");
    head.append(body.getBytes(StandardCharsets.UTF_8).length).append("\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    return head + "\r\n" + body;
  }

  public int port() {
    return listening.getLocalPort();
  }

  public URI uri() {
    return URI.create((tls ? "https" : "http") + "://127.0.0.1:" + port());
  }

  /** Connections so far. */
  public int connections() {
    return connections.get();
  }

  /** Connections that are open now. */
  public int openConnections() {
    return open.size();
  }

  public List<Request> requests() {
    return requests;
  }

  /** Bytes that the system has taken for sending. */
  public long written() {
    return written.get();
  }

  /** How often a client closed or reset a connection while a script waited for that. */
  public int left() {
    return left.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listening.accept();
        int number = connections.incrementAndGet();
        open.add(socket);
        threads.execute(() -> serve(socket, number));
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  private void serve(Socket socket, int number) {
    try (socket) {
      socket.setTcpNoDelay(true);
      script.run(new Peer(socket, number), number);
    } catch (Exception gone) {
      // a client that left, or the end of the test
    } finally {
      open.remove(socket);
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : open) {
      socket.close();
    }
    threads.shutdownNow();
  }

  /** The server's end of one connection. */
  public final class Peer {
    private final Socket socket;
    private final InputStream in;
    private final int number;

    Peer(Socket socket, int number) throws IOException {
      this.socket = socket;
      this.number = number;
      this.in = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
    }

    /** The next request, or null where the client has closed. */
    public @Nullable Request request() throws IOException {
      StringBuilder text = new StringBuilder();
      while (text.length() < 4 || text.indexOf("\r\n\r\n", text.length() - 4) < 0) {
        int one = in.read();
        if (one < 0) {
          return null;
        }
        text.append((char) one);
      }
      RawHead head = RawHead.parse(text.toString());
      String length = head.header("content-length");
      byte[] body = in.readNBytes(length == null ? 0 : Integer.parseInt(length));
      if (length != null && body.length < Integer.parseInt(length)) {
        throw new EOFException("closed within a body");
      }
      Request request = new Request(head, body, number);
      requests.add(request);
      return request;
    }

    public void send(byte[] bytes) throws IOException {
      socket.getOutputStream().write(bytes);
      written.addAndGet(bytes.length);
    }

    /** Sends text in UTF-8. */
    public void send(String text) throws IOException {
      send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends a chunk of a chunked body; an empty one is the end. */
    public void chunk(String text) throws IOException {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      send(Integer.toHexString(bytes.length) + "\r\n" + text + "\r\n");
    }

    /** Waits until the client has closed or reset the connection. */
    public void awaitLeft() {
      try {
        while (in.read() >= 0) {
          // what it sends does not matter
        }
      } catch (IOException reset) {
        // that is leaving too
      }
      left.incrementAndGet();
    }

    /** Closes with a TCP reset. */
    public void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }

    public void sendBufferSize(int bytes) throws IOException {
      socket.setSendBufferSize(bytes);
    }
  }
}
