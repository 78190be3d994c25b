import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * The model server every target is measured against: one thread, no work per answer, so that what a
 * run costs is the gateway's cost.
 *
 * <p>A chat request says in its first kilobyte how it wants to be answered: {@code "seed"} marks a
 * request of the benchmark (a fixed 1 KB completion); with {@code "stream":true}, {@code
 * "max_tokens"} is the number of events and {@code "seed"} the microseconds between two of them.
 * Anything else, such as a gateway's own probe, is answered "ready". Each event is one HTTP chunk
 * and one write, and carries {@link System#nanoTime} of that write, which is one clock for all
 * processes of a machine. Events that fall due within the same millisecond are written in one pass,
 * as a batching model server does.
 */
public final class BenchUpstream {
  private static final int SEARCHED_BYTES = 1024;

  private static final byte[] SEED = Answers.ascii("\"seed\":");
  private static final byte[] MAX_TOKENS = Answers.ascii("\"max_tokens\":");
  private static final byte[] STREAM = Answers.ascii("\"stream\":");

  private final Selector selector = Selector.open();
  private final PriorityQueue<Connection> paced =
      new PriorityQueue<>((a, b) -> Long.compare(a.dueNanos, b.dueNanos));
  private final ByteBuffer scratch = ByteBuffer.allocateDirect(256 * 1024);
  private final byte[] event = Answers.STAMPED_EVENT.clone();
  private int streams;

  private BenchUpstream() throws IOException {}

  /** Listens on a free port of 127.0.0.1, prints it, and ends when its standard input does. */
  public static void main(String[] args) throws IOException {
    Thread parent =
        new Thread(
            () -> {
              try {
                while (System.in.read() >= 0) {}
              } catch (IOException e) {
                // The parent is gone either way.
              }
              System.exit(0);
            });
    parent.setDaemon(true);
    parent.start();
    new BenchUpstream().serve();
  }

  private void serve() throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 4096);
    server.configureBlocking(false);
    server.register(selector, SelectionKey.OP_ACCEPT);
    System.out.println("port " + ((InetSocketAddress) server.getLocalAddress()).getPort());
    while (true) {
      long waitNanos = paced.isEmpty() ? 1_000_000_000L : paced.peek().dueNanos - System.nanoTime();
      if (waitNanos <= 0) {
        selector.selectNow(this::ready);
      } else {
        selector.select(this::ready, Math.max(1, waitNanos / 1_000_000));
      }
      long now = System.nanoTime();
      while (!paced.isEmpty() && paced.peek().dueNanos <= now) {
        nextEvent(paced.poll());
      }
    }
  }

  private void ready(SelectionKey key) {
    if (key.isAcceptable()) {
      accept((ServerSocketChannel) key.channel());
      return;
    }
    Connection connection = (Connection) key.attachment();
    try {
      if (key.isWritable()) {
        connection.flush();
      }
      if (key.isReadable()) {
        connection.read();
      }
    } catch (IOException e) {
      connection.close();
    }
  }

  private void accept(ServerSocketChannel server) {
    try {
      for (SocketChannel channel = server.accept(); channel != null; channel = server.accept()) {
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        Connection connection = new Connection(channel);
        connection.key = channel.register(selector, SelectionKey.OP_READ, connection);
      }
    } catch (IOException e) {
      System.err.println("upstream: accept failed: " + e.getMessage());
    }
  }

  private void nextEvent(Connection connection) {
    try {
      if (connection.eventsLeft == 0) {
        connection.endStream();
        return;
      }
      connection.eventsLeft--;
      connection.send(stamped());
      connection.dueNanos += connection.intervalNanos;
      paced.add(connection);
    } catch (IOException e) {
      connection.close();
    }
  }

  private byte[] stamped() {
    long rest = System.nanoTime();
    for (int i = Answers.STAMP_DIGITS - 1; i >= 0; i--) {
      event[Answers.STAMP_OFFSET + i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    return event;
  }

  /** One connection of a gateway: reads a request to its end, then answers it. */
  private final class Connection {
    private final SocketChannel channel;
    private SelectionKey key;
    private byte[] in = new byte[4096];
    private int inLength;
    private int requestLength = -1;
    private ByteBuffer pending;
    private boolean streaming;
    private boolean closeAfter;
    private long dueNanos;
    private long intervalNanos;
    private long eventsLeft;

    private Connection(SocketChannel channel) {
      this.channel = channel;
    }

    private void read() throws IOException {
      scratch.clear();
      int count = channel.read(scratch);
      if (count < 0) {
        close();
        return;
      }
      scratch.flip();
      if (inLength + count > in.length) {
        in = Arrays.copyOf(in, Math.max(inLength + count, requestLength));
      }
      scratch.get(in, inLength, count);
      inLength += count;
      while (!streaming && inLength > 0 && complete()) {
        int length = requestLength;
        answer(length);
        requestLength = -1;
        inLength -= length;
        System.arraycopy(in, length, in, 0, inLength);
        if (in.length > 64 * 1024 && inLength == 0) {
          in = new byte[4096];
        }
      }
    }

    private boolean complete() {
      if (requestLength < 0) {
        int headEnd = Answers.indexOf(in, Answers.ascii("\r\n\r\n"), 0, inLength);
        if (headEnd < 0) {
          return false;
        }
        String head =
            new String(in, 0, headEnd, StandardCharsets.ISO_8859_1)
                .toLowerCase(java.util.Locale.ROOT);
        closeAfter = head.contains("\r\nconnection: close");
        int at = head.indexOf("\r\ncontent-length:");
        if (at >= 0) {
          int end = head.indexOf('\r', at + 2);
          String value = head.substring(at + 17, end < 0 ? head.length() : end).trim();
          requestLength = headEnd + 4 + Integer.parseInt(value);
        } else if (head.contains("\r\ntransfer-encoding: chunked")) {
          int end = Answers.indexOf(in, Answers.ascii("\r\n0\r\n\r\n"), headEnd, inLength);
          requestLength = end < 0 ? -1 : end + 7;
        } else {
          requestLength = headEnd + 4;
        }
      }
      return requestLength >= 0 && inLength >= requestLength;
    }

    private void answer(int length) throws IOException {
      if (in[0] == 'G') {
        if (Answers.indexOf(in, Answers.ascii("/bench/streams"), 0, Math.min(length, 64)) >= 0) {
          send(Answers.json("{\"streams\":" + streams + "}"));
        } else {
          send(Answers.MODELS);
        }
      } else {
        int searched = Math.min(length, 2 * SEARCHED_BYTES);
        long seed = number(SEED, searched);
        int stream = Answers.indexOf(in, STREAM, 0, searched);
        if (stream < 0 || !isTrue(stream + STREAM.length)) {
          send(seed < 0 ? Answers.READY : Answers.ANSWER);
        } else {
          startStream(seed, number(MAX_TOKENS, searched));
          return;
        }
      }
      if (closeAfter) {
        close();
      }
    }

    private void startStream(long intervalMicros, long events) throws IOException {
      streaming = true;
      streams++;
      send(Answers.STREAM_HEAD);
      if (intervalMicros < 0) {
        send(Answers.READY_EVENT);
        endStream();
        return;
      }
      eventsLeft = events - 1;
      intervalNanos = intervalMicros * 1000;
      dueNanos = System.nanoTime() + intervalNanos;
      send(stamped());
      paced.add(this);
    }

    private void endStream() throws IOException {
      send(Answers.STREAM_END);
      streaming = false;
      streams--;
      if (closeAfter) {
        close();
      }
    }

    private boolean isTrue(int at) {
      int value = in[at] == ' ' ? at + 1 : at;
      return in[value] == 't';
    }

    private long number(byte[] name, int searched) {
      int at = Answers.indexOf(in, name, 0, searched);
      if (at < 0) {
        return -1;
      }
      long value = 0;
      boolean digits = false;
      for (int i = at + name.length; i < searched; i++) {
        if (in[i] >= '0' && in[i] <= '9') {
          value = value * 10 + in[i] - '0';
          digits = true;
        } else if (in[i] != ' ' || digits) {
          break;
        }
      }
      return digits ? value : -1;
    }

    private void send(byte[] bytes) throws IOException {
      if (pending == null) {
        scratch.clear();
        scratch.put(bytes).flip();
        channel.write(scratch);
        if (!scratch.hasRemaining()) {
          return;
        }
        byte[] rest = new byte[scratch.remaining()];
        scratch.get(rest);
        pending = ByteBuffer.wrap(rest);
      } else {
        pending =
            ByteBuffer.wrap(
                Answers.join(
                    Arrays.copyOfRange(pending.array(), pending.position(), pending.limit()),
                    bytes));
      }
      key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
    }

    private void flush() throws IOException {
      channel.write(pending);
      if (!pending.hasRemaining()) {
        pending = null;
        key.interestOps(SelectionKey.OP_READ);
      }
    }

    private void close() {
      if (streaming) {
        streaming = false;
        streams--;
        paced.remove(this);
      }
      try {
        channel.close();
      } catch (IOException e) {
        // Nothing is left to do for this connection.
      }
    }
  }
}
