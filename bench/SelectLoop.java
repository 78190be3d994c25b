import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** The client side of many connections on one thread. Subclasses decide what to send when. */
abstract class SelectLoop implements AutoCloseable {
  /** One kept-alive connection with at most one request on it. */
  static final class Connection {
    final SocketChannel channel;
    final ResponseReader reader;
    volatile long startNanos;
    boolean answered;
    private boolean failed;
    private SelectionKey key;
    private ByteBuffer unsent;

    private Connection(SocketChannel channel, Samples eventDelays) {
      this.channel = channel;
      this.reader = new ResponseReader(eventDelays);
    }
  }

  private final InetSocketAddress address;
  private final Selector selector;
  private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
  final Errors errors;

  SelectLoop(int port, Errors errors) throws IOException {
    this.address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port);
    this.selector = Selector.open();
    this.errors = errors;
  }

  /** The first byte of the answer is here. */
  void firstByte(Connection connection, long nowNanos) {}

  /** The answer is complete; the connection may be used again. */
  abstract void complete(Connection connection, long nowNanos);

  /** The connection is gone and its request, if it had one, was counted as an error. */
  abstract void lost(Connection connection);

  /** Opens a connection, or counts an error and returns null. */
  Connection open(Samples eventDelays) {
    try {
      SocketChannel channel = SocketChannel.open();
      channel.socket().connect(address, 5_000);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(false);
      return new Connection(channel, eventDelays);
    } catch (IOException e) {
      errors.add("connect: " + e.getMessage());
      return null;
    }
  }

  /** From now on answers on this connection are read. Call it on the loop's thread. */
  void register(Connection connection) {
    try {
      connection.key = connection.channel.register(selector, SelectionKey.OP_READ, connection);
    } catch (IOException e) {
      errors.add("register: " + e.getMessage());
    }
  }

  void wakeUp() {
    selector.wakeup();
  }

  /** Sends a request whose time counts from {@code startNanos}. */
  void send(Connection connection, ByteBuffer request, long startNanos) {
    connection.startNanos = startNanos;
    connection.answered = false;
    connection.reader.next();
    try {
      connection.channel.write(request);
      if (request.hasRemaining()) {
        connection.unsent = request;
        connection.key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
      }
    } catch (IOException e) {
      fail(connection, "write: " + e.getMessage());
    }
  }

  /** Waits at most so long and handles what is ready. */
  void poll(long timeoutMillis) throws IOException {
    if (timeoutMillis <= 0) {
      selector.selectNow(this::ready);
    } else {
      selector.select(this::ready, timeoutMillis);
    }
  }

  private void ready(SelectionKey key) {
    Connection connection = (Connection) key.attachment();
    try {
      if (key.isWritable()) {
        connection.channel.write(connection.unsent);
        if (!connection.unsent.hasRemaining()) {
          connection.unsent = null;
          key.interestOps(SelectionKey.OP_READ);
        }
      }
      if (key.isReadable()) {
        read(connection);
      }
    } catch (IOException | RuntimeException e) {
      fail(
          connection,
          e instanceof IOException ? "read: " + e.getMessage() : "answer: " + e.getMessage());
    }
  }

  private void read(Connection connection) throws IOException {
    in.clear();
    int count = connection.channel.read(in);
    long now = System.nanoTime();
    if (count < 0) {
      if (connection.reader.expecting()) {
        fail(connection, "closed before the answer's end");
      } else {
        drop(connection);
        lost(connection);
      }
      return;
    }
    in.flip();
    if (count > 0 && !connection.reader.expecting()) {
      fail(connection, "bytes nobody asked for");
      return;
    }
    if (count > 0 && !connection.answered) {
      connection.answered = true;
      firstByte(connection, now);
    }
    if (!connection.reader.read(in, now)) {
      return;
    }
    if (in.hasRemaining()) {
      fail(connection, "bytes after the answer");
      return;
    }
    if (connection.reader.status != 200) {
      errors.add("status " + connection.reader.status);
    }
    if (connection.reader.closes) {
      drop(connection);
    }
    complete(connection, now);
    if (!connection.channel.isOpen()) {
      lost(connection);
    }
  }

  private void fail(Connection connection, String kind) {
    synchronized (connection) {
      if (connection.failed) {
        return;
      }
      connection.failed = true;
    }
    errors.add(kind);
    drop(connection);
    lost(connection);
  }

  /** Closes a connection without a word. */
  static void drop(Connection connection) {
    try {
      connection.channel.close();
    } catch (IOException e) {
      // It is closed for our purposes.
    }
  }

  @Override
  public void close() throws IOException {
    for (SelectionKey key : selector.keys()) {
      drop((Connection) key.attachment());
    }
    selector.close();
  }
}
