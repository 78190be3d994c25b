package dev.caravan.upstream;

import dev.caravan.time.Ticker;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/*
 * One timer serves all requests that a connection carries: it is set for the nearest deadline and,
 * when it fires early because the request it was set for is long done, set again. A request that
 * is answered in time thus costs no timer at all.
 */

/** A connection to a model server: idle in its pool, or carrying one {@link Transfer}. */
final class Connection extends ChannelInboundHandlerAdapter {
  private final Channel channel;
  private final ConnectionPool pool;
  private final Target target;
  private final Ticker ticker;
  private @Nullable Transfer transfer;
  private @Nullable ScheduledFuture<?> timer;
  private long timerNanos;
  private long idleSinceNanos;

  Connection(Channel channel, ConnectionPool pool, Target target, Ticker ticker) {
    this.channel = channel;
    this.pool = pool;
    this.target = target;
    this.ticker = ticker;
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
    idleSinceNanos = ticker.nanos();
    watch(idleSinceNanos + target.keepAliveNanos());
    pool.giveBack(this);
  }

  /** Closes; its transfer, if any, learns nothing more. */
  void close() {
    transfer = null;
    ScheduledFuture<?> set = timer;
    if (set != null) {
      set.cancel(false);
      timer = null;
    }
    channel.close();
  }

  /** Makes sure that someone looks at the deadlines at {@code nanos}, or before. */
  void watch(long nanos) {
    if (timer != null && timerNanos - nanos <= 0) {
      return;
    }
    if (timer != null) {
      timer.cancel(false);
    }
    timerNanos = nanos;
    timer =
        channel
            .eventLoop()
            .schedule(this::look, Math.max(0, nanos - ticker.nanos()), TimeUnit.NANOSECONDS);
  }

  private void look() {
    timer = null;
    Transfer carried = transfer;
    if (carried != null) {
      carried.checkDeadlines();
      return;
    }
    if (!channel.isActive()) {
      return;
    }
    long due = idleSinceNanos + target.keepAliveNanos();
    if (due - ticker.nanos() <= 0) {
      pool.remove(this);
      channel.close();
    } else {
      watch(due);
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
    ScheduledFuture<?> set = timer;
    if (set != null) {
      set.cancel(false);
      timer = null;
    }
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
