package dev.caravan.upstream;

import dev.caravan.time.Deadline;
import dev.caravan.time.Ticker;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A connection to a model server: idle in its pool, or carrying one {@link Transfer}. */
final class Connection extends ChannelInboundHandlerAdapter {
  private final Channel channel;
  private final ConnectionPool pool;
  private final Target target;
  private @Nullable Transfer transfer;
  private final Deadline deadline;

  Connection(Channel channel, ConnectionPool pool, Target target, Ticker ticker) {
    this.channel = channel;
    this.pool = pool;
    this.target = target;
    this.deadline = new Deadline(channel.eventLoop(), ticker, this::due);
  }

  Channel channel() {
    return channel;
  }

  boolean usable() {
    return channel.isActive();
  }

  /** Takes a request; the connection must be idle. */
  void carry(Transfer next) {
    transfer = next;
  }

  /** The request is done and the connection clean. */
  void release() {
    transfer = null;
    ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
    if (target.retired() || !channel.isActive() || unsent == null || !unsent.isEmpty()) {
      // Where the server answered before it had the whole request, the rest of that request would
      // stand before the next one.
      close();
      return;
    }
    if (!channel.config().isAutoRead()) {
      channel.config().setAutoRead(true);
    }
    deadline.in(target.keepAliveMillis());
    pool.giveBack(this);
  }

  /** Closes; its transfer, if any, learns nothing more. */
  void close() {
    transfer = null;
    deadline.stop();
    channel.close();
  }

  /** Has its transfer look at its deadlines then. */
  void watch(long nanos) {
    deadline.at(nanos);
  }

  private void due() {
    Transfer carried = transfer;
    if (carried != null) {
      carried.checkDeadlines();
    } else if (channel.isActive()) {
      pool.remove(this);
      channel.close();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    Transfer carried = transfer;
    if (carried != null) {
      carried.read(bytes);
    } else {
      // Bytes that nobody asked for: the next answer could not be told from them.
      bytes.release();
      pool.remove(this);
      channel.close();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Transfer carried = transfer;
    if (carried != null) {
      carried.readComplete();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    Transfer carried = transfer;
    transfer = null;
    deadline.stop();
    if (carried != null) {
      carried.closed("connection closed");
    } else {
      pool.remove(this);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Transfer carried = transfer;
    transfer = null;
    channel.close();
    if (carried == null) {
      return;
    }
    if (cause instanceof IOException) {
      carried.closed(String.valueOf(cause.getMessage()));
    } else {
      carried.crashed(cause);
    }
  }
}
