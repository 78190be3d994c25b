package dev.caravan.ingress;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;

/** Netty's decoder, telling when bytes arrive, so that a head cannot take for ever. */
final class GatewayDecoder extends HttpRequestDecoder {
  private final HttpConnection connection;

  GatewayDecoder(HttpDecoderConfig config, HttpConnection connection) {
    super(config);
    this.connection = connection;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    connection.bytesArrived();
    super.channelRead(ctx, message);
  }

  /** Keeps both headers, so that the request is refused rather than read one way of two. */
  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    assert message.headers().contains(HttpHeaderNames.CONTENT_LENGTH);
  }
}
