package dev.caravan.upstream;

import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The idle connections to one server that one event loop holds; the last used is the first taken,
 * so that surplus ones grow old and go. Only its loop touches it.
 */
final class ConnectionPool {
  private final EventLoop loop;
  private final ArrayDeque<Connection> idle = new ArrayDeque<>();

  ConnectionPool(EventLoop loop) {
    this.loop = loop;
  }

  /** An idle connection, or null where there is none. */
  @Nullable Connection take() {
    assert loop.inEventLoop();
    Connection connection;
    while ((connection = idle.pollLast()) != null) {
      if (connection.usable()) {
        return connection;
      }
    }
    return null;
  }

  void giveBack(Connection connection) {
    idle.addLast(connection);
  }

  void remove(Connection connection) {
    idle.remove(connection);
  }

  void closeIdle() {
    Connection connection;
    while ((connection = idle.pollLast()) != null) {
      connection.close();
    }
  }
}
