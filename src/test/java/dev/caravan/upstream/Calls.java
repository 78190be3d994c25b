package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.request.Api;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;

/** Makes calls, and sees at the end that nobody kept a body. */
final class Calls {
  static final String BODY = "{\"model\":\"llama\"}";

  private final List<ByteBuf> bodies = new ArrayList<>();

  Call call(Api api, EventLoop loop, HeaderLines lines) {
    return call(api, loop, lines, BODY);
  }

  Call call(Api api, EventLoop loop, HeaderLines lines, String json) {
    ByteBuf body = Unpooled.copiedBuffer(json, UTF_8);
    bodies.add(body);
    try {
      Call call = new Call(new RequestParser().parse(api, body), "id-1", loop, lines);
      call.pool("llama");
      return call;
    } catch (InvalidRequest e) {
      throw new AssertionError(e);
    }
  }

  /** The client's side lets go of the bodies; nobody else may hold one then. */
  void release() {
    for (ByteBuf body : bodies) {
      assertThat(body.refCnt()).isEqualTo(1);
      body.release();
    }
    bodies.clear();
  }
}
