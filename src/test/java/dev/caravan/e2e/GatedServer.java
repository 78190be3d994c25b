package dev.caravan.e2e;

import dev.caravan.testing.ScriptedServer;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.Semaphore;

/** A model server that answers when a test says so, whichever request it has had longest. */
final class GatedServer {
  private static final String ANSWER =
      ScriptedServer.whole(
          200,
          "{\"id\":\"x\",\"object\":\"chat.completion\",\"choices\":[],"
              + "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}}",
          "content-type: application/json");

  private final Semaphore answers = new Semaphore(0);
  private final ScriptedServer server;

  GatedServer() throws IOException {
    server =
        new ScriptedServer(
            (peer, connection) -> {
              while (peer.request() != null) {
                answers.acquire();
                peer.send(ANSWER);
              }
            });
  }

  ScriptedServer server() {
    return server;
  }

  URI uri() {
    return server.uri();
  }

  /** Lets it answer so many requests, those that are here or that come. */
  void answer(int count) {
    answers.release(count);
  }

  /** What was asked, in the order of arrival. */
  List<String> asked() {
    return server.requests().stream().map(ScriptedServer.Request::text).toList();
  }
}
