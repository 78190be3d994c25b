package dev.caravan.speed;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.request.Api;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Servers and requests of the sizes that are measured. */
final class Fleets {
  private static final int TOKEN_BYTES = 4;

  private Fleets() {}

  static Backend[] servers(int count) {
    Backend[] servers = new Backend[count];
    for (int i = 0; i < count; i++) {
      URI url = URI.create("http://10.0.0.11:8000");
      servers[i] = new Backend(BackendSpec.of("server-" + i, url));
      servers[i].cacheTokens(28_400L * 16);
    }
    return servers;
  }

  /** Text that does not repeat itself, a line break every eighty characters. */
  static String text(int tokens, long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder(tokens * TOKEN_BYTES);
    while (text.length() < tokens * TOKEN_BYTES) {
      text.append((char) (text.length() % 80 == 79 ? '\n' : 'a' + random.nextInt(26)));
    }
    return text.toString();
  }

  /** The body of a chat of two messages. */
  static byte[] body(String system, String user) {
    String json =
        "{\"model\":\"llama\",\"stream\":true,\"messages\":[{\"role\":\"system\",\"content\":\""
            + system.replace("\n", "\\n")
            + "\"},{\"role\":\"user\",\"content\":\""
            + user.replace("\n", "\\n")
            + "\"}]}";
    return json.getBytes(StandardCharsets.UTF_8);
  }

  static InferenceRequest parsed(ByteBuf body) {
    try {
      return new RequestParser().parse(Api.CHAT_COMPLETIONS, body);
    } catch (InvalidRequest e) {
      throw new IllegalStateException(e);
    }
  }

  /** A request whose prompt was read already. */
  static InferenceRequest chat(String system, String user) {
    InferenceRequest request = parsed(Unpooled.wrappedBuffer(body(system, user)));
    request.prefix();
    return request;
  }
}
