package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Background requests, marked by a route, leave room for the others. */
class BackgroundTest extends EndToEnd {
  private static final String MARKED =
"""
            name: caravan.background
            simple: "${header.x-batch}"
""";

  private void startWith(PoolYaml pool) throws Exception {
    String route =
        pool.text()
            .replace(
                "      steps:\n        - loadBalance:",
                "      steps:\n        - setProperty:\n" + MARKED + "        - loadBalance:");
    start(route, Map.of("caravan.http.pass-headers", "x-batch"));
  }

  @Test
  void background_neverTakesTheLastSlot_andSaysSo() throws Exception {
    CountDownLatch arrived = new CountDownLatch(2);
    CountDownLatch answer = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                arrived.countDown();
                answer.await();
                peer.send(ScriptedServer.whole(200, "{}"));
              }
            });
    startWith(PoolYaml.of(PoolYaml.MODEL).server("a", server.uri(), "maxInflight: 3"));
    RawHttp one = client();
    one.post(Chat.PATH, Chat.whole("one"), "x-batch: true");
    RawHttp two = client();
    two.post(Chat.PATH, Chat.whole("two"), "x-batch: true");
    arrived.await();
    RawHttp.Answer third = ask(Chat.whole("three"), "x-batch: true");
    assertThat(third.status()).isEqualTo(503);
    assertThat(third.text()).contains("\"code\":\"no_background_room\"");
    assertThat(third.head().header("retry-after")).isEqualTo("1");
    RawHttp interactive = client();
    interactive.post(Chat.PATH, Chat.whole("four"), "x-batch: false");
    answer.countDown();
    assertThat(interactive.answer().status()).isEqualTo(200);
    assertThat(one.answer().status()).isEqualTo(200);
    assertThat(two.answer().status()).isEqualTo(200);
  }

  @Test
  void background_saidWrongly_isTheRoutesFault() throws Exception {
    startWith(PoolYaml.of(PoolYaml.MODEL).server("a", simulated("a").uri()));
    assertThat(ask(Chat.whole("x"), "x-batch: maybe").status()).isEqualTo(500);
    assertThat(ask(Chat.whole("x"), "x-batch: true").status()).isEqualTo(200);
  }
}
