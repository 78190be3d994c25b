package dev.caravan.testing;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The network between a gateway and one server, which can fail: it passes bytes on as they are,
 * loses them, resets connections, or leaves them half-open. Safe for any thread; every connection
 * has two threads of its own.
 */
public final class FaultyProxy implements AutoCloseable {

  private enum Mode {
    PASS,
    LOSE,
    HALF_OPEN,
    RESET
  }

  private final int target;
  private final ServerSocket listening = new ServerSocket();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final Object change = new Object();
  private volatile Mode mode = Mode.PASS;

  /** Stands before a port of this machine. */
  public FaultyProxy(int target) throws IOException {
    this.target = target;
    listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
    threads.execute(this::accept);
  }

  public int port() {
    return listening.getLocalPort();
  }

  /** How many connections it holds, dead ones included. */
  public int connections() {
    return links.size();
  }

  /** How many connections are half-open: their clients have not noticed yet. */
  public long halfOpen() {
    return links.stream().filter(link -> link.serverLost).count();
  }

  /**
   * Connections stand and can be made, and nothing gets through, not even their ends, until {@link
   * #heal}. Then what was sent meanwhile arrives, as TCP would see to it.
   */
  public void loseEverything() {
    set(Mode.LOSE);
  }

  /**
   * The server's side of every connection is gone, now and for new ones, and nobody tells the
   * client's. {@link #heal} brings none of them back: they are dead until the client leaves.
   */
  public void leaveHalfOpen() {
    set(Mode.HALF_OPEN);
    links.forEach(Link::loseServer);
  }

  /** Every connection is reset, now and as soon as a new one is made. */
  public void resetEverything() {
    set(Mode.RESET);
    links.forEach(Link::reset);
  }

  /** New connections work again. */
  public void heal() {
    set(Mode.PASS);
  }

  private void set(Mode now) {
    synchronized (change) {
      mode = now;
      change.notifyAll();
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listening.accept();
        client.setTcpNoDelay(true);
        threads.execute(() -> new Link(client).begin());
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    set(Mode.PASS);
    links.forEach(Link::reset);
    threads.shutdownNow();
  }

  /** A client's connection and the one to the server that belongs to it. */
  private final class Link {
    private final Socket client;
    private final Socket server = new Socket();
    private volatile boolean serverLost;

    Link(Socket client) {
      this.client = client;
    }

    void begin() {
      links.add(this);
      Mode now = mode;
      if (now == Mode.RESET) {
        reset();
        return;
      }
      if (now == Mode.HALF_OPEN) {
        serverLost = true;
        pump(client, server);
        return;
      }
      try {
        server.setTcpNoDelay(true);
        server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 5_000);
      } catch (IOException refused) {
        reset();
        return;
      }
      if (mode == Mode.RESET) {
        reset(); // it was decided while this connection was made
        return;
      }
      threads.execute(() -> pump(server, client));
      pump(client, server);
    }

    /** Carries bytes one way until an end comes that the other side may learn of. */
    private void pump(Socket from, Socket to) {
      byte[] bytes = new byte[16 * 1024];
      try {
        InputStream in = from.getInputStream();
        while (true) {
          int read = in.read(bytes);
          awaitPassage();
          if (read < 0) {
            break;
          }
          write(to, bytes, read);
        }
      } catch (IOException broken) {
        // ends below
      }
      if (serverLost && from == server) {
        return; // the client is not told
      }
      if (awaitPassageQuietly()) {
        end();
      }
    }

    private void write(Socket to, byte[] bytes, int length) throws IOException {
      try {
        if (!serverLost) {
          to.getOutputStream().write(bytes, 0, length);
        }
      } catch (IOException broken) {
        if (!serverLost) {
          throw broken;
        }
      }
    }

    private void awaitPassage() throws IOException {
      if (!awaitPassageQuietly()) {
        throw new IOException("interrupted");
      }
    }

    private boolean awaitPassageQuietly() {
      synchronized (change) {
        while (mode == Mode.LOSE) {
          try {
            change.wait();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
          }
        }
      }
      return true;
    }

    void loseServer() {
      serverLost = true;
      close(server);
    }

    void reset() {
      try {
        client.setSoLinger(true, 0);
      } catch (IOException gone) {
        // closed already
      }
      end();
    }

    private void end() {
      close(client);
      close(server);
      links.remove(this);
    }

    private static void close(Socket socket) {
      try {
        socket.close();
      } catch (IOException gone) {
        // closed already
      }
    }
  }
}
