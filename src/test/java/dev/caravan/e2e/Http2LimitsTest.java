package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.testing.Authority;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp2;
import dev.caravan.testing.ScriptedServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What HTTP/2 clients may not do, and what they are told. */
class Http2LimitsTest extends EndToEnd {
  private static final Authority CA = new Authority("authority");
  private static final SSLContext CLIENT = CA.context(null);
  private static final String GOOD = Chat.whole("hello");
  private static final int PART = 64 * 1024;

  // Error codes of RFC 9113, 7
  private static final int NO_ERROR = 0;
  private static final int PROTOCOL_ERROR = 1;
  private static final int REFUSED_STREAM = 7;
  private static final int CANCEL = 8;
  private static final int ENHANCE_YOUR_CALM = 11;

  @TempDir Path directory;
  private Secured secured;

  @BeforeEach
  void mount() throws IOException {
    secured = new Secured(directory);
    secured.mount("server", CA.issue("gateway", "localhost", "127.0.0.1"));
  }

  private TestGateway secure(URI server, String... more) throws Exception {
    Map<String, String> settings = secured.port("server");
    for (int i = 0; i < more.length; i += 2) {
      settings.put(more[i], more[i + 1]);
    }
    return start(PoolYaml.single(server), settings);
  }

  private RawHttp2 raw() throws IOException {
    return Secured.http2(gateway().port(), CLIENT);
  }

  private static void isServed(RawHttp2 client, int stream) throws IOException {
    assertThat(client.ask(stream, Chat.PATH, GOOD).answer(stream).status()).isEqualTo(200);
  }

  // ---- errors in the shape of the provider's

  @Test
  void errors_areThoseOfHttp11() throws Exception {
    secure(simulated("steady").uri(), "caravan.http.max-body", "100K");
    try (RawHttp2 client = raw()) {
      assertThat(client.ask(1, Chat.PATH, "{").answer(1).status()).isEqualTo(400);
      assertThat(client.ask(3, "/nothing", GOOD).answer(3).status()).isEqualTo(404);
      assertThat(
              client
                  .headers(
                      5,
                      true,
                      ":method",
                      "GET",
                      ":scheme",
                      "https",
                      ":path",
                      Chat.PATH,
                      ":authority",
                      "h")
                  .answer(5)
                  .status())
          .isEqualTo(405);
      client.post(7, Chat.PATH, false, "content-encoding", "gzip").data(7, GOOD, true);
      assertThat(client.answer(7).status()).isEqualTo(415);
      assertThat(client.ask(9, Chat.PATH, GOOD.replace("llama", "nobody")).answer(9).status())
          .isEqualTo(404);
      assertThat(client.ask(11, "/" + "x".repeat(10_000), GOOD).answer(11).status()).isEqualTo(414);
      for (int stream = 1; stream <= 11; stream += 2) {
        RawHttp2.Answer answer = client.on(stream);
        assertThat(Chat.json(answer.text()).path("error").path("type").asText())
            .isEqualTo("invalid_request_error");
        assertThat(answer.header("x-request-id")).isNotBlank();
      }
      isServed(client, 13);
    }
  }

  @Test
  void body_thatIsTooLarge_isNotReadToItsEnd() throws Exception {
    secure(simulated("steady").uri(), "caravan.http.max-body", "100K");
    try (RawHttp2 client = raw()) {
      client.post(1, Chat.PATH, false, "content-length", "9000000");
      assertThat(client.answer(1).status()).isEqualTo(413);
      assertThat(client.awaitReset(1)).isEqualTo(NO_ERROR);
      client.post(3, Chat.PATH, false);
      for (int i = 0; i < 8; i++) {
        client.data(3, " ".repeat(16_000), false);
      }
      assertThat(client.answer(3).status()).isEqualTo(413);
      assertThat(client.awaitReset(3)).isEqualTo(NO_ERROR);
      isServed(client, 5);
    }
  }

  @Test
  void body_thatDoesNotArrive_isWaitedForAsLongAsInHttp11() throws Exception {
    secure(simulated("steady").uri(), "caravan.http.body-timeout", "300ms");
    try (RawHttp2 client = raw()) {
      client.post(1, Chat.PATH, false).data(1, "{", false);
      assertThat(client.answer(1).status()).isEqualTo(408);
      assertThat(client.awaitReset(1)).isEqualTo(NO_ERROR);
    }
  }

  @Test
  void expectedContinue_comesBeforeTheAnswer() throws Exception {
    secure(simulated("steady").uri());
    try (RawHttp2 client = raw()) {
      client.post(1, Chat.PATH, false, "expect", "100-continue");
      while (client.on(1).interim().isEmpty()) {
        client.read();
      }
      assertThat(client.data(1, GOOD, true).answer(1).status()).isEqualTo(200);
      assertThat(client.on(1).interim()).containsExactly(100);
    }
  }

  @Test
  void headAndTrailers_areUnderstood() throws Exception {
    secure(simulated("steady").uri());
    try (RawHttp2 client = raw()) {
      client.headers(
          1, true, ":method", "HEAD", ":scheme", "https", ":path", "/v1/models", "host", "h");
      assertThat(client.answer(1).status()).isEqualTo(200);
      assertThat(client.on(1).bytes()).isEmpty();
      assertThat(client.on(1).header("content-length")).isNotEqualTo("0");
      client.post(3, Chat.PATH, false).data(3, GOOD, false);
      assertThat(client.headers(3, true, "checksum", "1").answer(3).status()).isEqualTo(200);
    }
  }

  // ---- heads

  /** What one stream may get wrong; each is refused, and the connection serves on. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        ":method GET|:scheme https|:path /v1/models|:authority h|Upper: x",
        ":method GET|:scheme https|:path /v1/models|:authority h|connection: close",
        ":method GET|:scheme https|:path /v1/models|:authority h|transfer-encoding: chunked",
        ":method GET|:scheme https|:path /v1/models|:authority h|te: gzip",
        ":method GET|:scheme https|:path /v1/models|x: y|:authority h",
        ":method GET|:scheme https|:path /v1/models|:authority h|:status 200",
        ":method GET|:scheme https|:path /v1/models|:authority h|:other x",
        ":method GET|:scheme https|:authority h|x: y|z: y",
        ":scheme https|:path /v1/models|:authority h|x: y|z: y",
        ":method GET|:scheme https|:path /v1/models|:path /v1/models|:authority h",
        ":method POST|:scheme https|:path /v1/completions|:authority h|content-length: 5",
        ":method POST|:scheme https|:path /v1/completions|:authority h|content-length: -1",
      })
  void head_thatBreaksTheRules_isReset(
      String one, String two, String three, String four, String five) throws Exception {
    secure(simulated("steady").uri());
    List<String> pairs = new ArrayList<>();
    for (String each : List.of(one, two, three, four, five)) {
      int end = each.startsWith(":") ? each.indexOf(' ') : each.indexOf(": ");
      pairs.add(each.substring(0, end));
      pairs.add(each.substring(end + (each.startsWith(":") ? 1 : 2)));
    }
    try (RawHttp2 client = raw()) {
      client.headers(1, true, pairs.toArray(String[]::new));
      assertThat(client.awaitReset(1)).isEqualTo(PROTOCOL_ERROR);
      isServed(client, 3);
    }
  }

  /** What HTTP/1.1 could not write, or would read in two ways: no line of it reaches a server. */
  @Test
  void head_thatHttp11CouldNotHave_isRefused() throws Exception {
    ScriptedServer server = scripted((peer, connection) -> peer.awaitLeft());
    secure(server.uri());
    String[][] bad = {
      {":path", Chat.PATH, ":authority", "h", "user-agent", "x\r\nauthorization: y"},
      {":path", Chat.PATH, ":authority", "h", "user-agent", "x\ny"},
      {":path", Chat.PATH, ":authority", "h", "user-agent", "x\0y"},
      {":path", Chat.PATH, ":authority", "h", "x-other", "x\u007f"},
      {":path", Chat.PATH + " HTTP/1.1\r\nx: y", ":authority", "h", "a", "b"},
      {":path", Chat.PATH + "?a b", ":authority", "h", "a", "b"},
      {":path", "v1/chat/completions", ":authority", "h", "a", "b"},
      {":path", "https://h" + Chat.PATH, ":authority", "h", "a", "b"},
      {":path", "*", ":authority", "h", "a", "b"},
      {":path", Chat.PATH, ":authority", "h", "host", "another"},
      {":path", Chat.PATH, ":authority", "h\r\nx: y", "a", "b"},
      {":path", Chat.PATH, "host", "h", "host", "h"},
      {":path", Chat.PATH, "a", "b", "c", "d"},
    };
    try (CapturedLog log = CapturedLog.of("dev.caravan");
        RawHttp2 client = raw()) {
      int stream = 1;
      for (String[] each : bad) {
        String[] all = new String[each.length + 4];
        System.arraycopy(new String[] {":method", "POST", ":scheme", "https"}, 0, all, 0, 4);
        System.arraycopy(each, 0, all, 4, each.length);
        client.headers(stream, false, all).data(stream, GOOD, true);
        RawHttp2.Answer answer = client.answer(stream);
        if (answer.status() == 0) { // what Netty sees before
          assertThat(answer.reset()).isEqualTo(PROTOCOL_ERROR);
        } else {
          assertThat(answer.status()).as(String.join(" ", each)).isEqualTo(400);
          assertThat(answer.text()).contains("invalid_request_error");
        }
        stream += 2;
      }
      assertThat(log.lines()).noneMatch(line -> line.startsWith("ERROR"));
    }
    assertThat(server.connections()).isZero();
  }

  @Test
  void body_thatIsNotAsLongAsItSays_isReset() throws Exception {
    ScriptedServer server = scripted((peer, connection) -> peer.awaitLeft());
    secure(server.uri());
    try (RawHttp2 client = raw()) {
      client.post(1, Chat.PATH, false, "content-length", "3").data(1, GOOD, true);
      assertThat(client.awaitReset(1)).isEqualTo(PROTOCOL_ERROR);
      client.post(3, Chat.PATH, false, "content-length", "9999").data(3, GOOD, true);
      assertThat(client.awaitReset(3)).isEqualTo(PROTOCOL_ERROR);
    }
    assertThat(server.connections()).isZero();
  }

  @Test
  void head_thatIsTooLarge_isRefused_andTheConnectionServesOn() throws Exception {
    secure(simulated("steady").uri(), "caravan.http.max-head", "4K");
    try (RawHttp2 client = raw()) {
      client.post(1, Chat.PATH, true, "x-long", "y".repeat(4_500));
      assertThat(client.answer(1).status()).isEqualTo(431);
      isServed(client, 3);
      assertThat(client.setting(6)).as("MAX_HEADER_LIST_SIZE").isEqualTo(4096);
    }
  }

  // ---- floods

  @Test
  void streamsAtATime_areLimited() throws Exception {
    secure(simulated("steady").uri());
    try (RawHttp2 client = raw()) {
      for (int i = 0; i < 101; i++) {
        client.post(1 + 2 * i, Chat.PATH, false);
      }
      assertThat(client.awaitReset(201)).isEqualTo(REFUSED_STREAM);
      assertThat(client.setting(3)).as("MAX_CONCURRENT_STREAMS").isEqualTo(100);
      assertThat(gateway().meters().get("caravan.requests.inflight").gauge().value())
          .isEqualTo(100);
    }
  }

  /** CVE-2023-44487. */
  @Test
  void streamsThatAreTakenBackAtOnce_endTheConnection() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.awaitLeft();
            });
    secure(server.uri());
    try (CapturedLog log = CapturedLog.of("dev.caravan");
        RawHttp2 client = raw()) {
      for (int i = 0; i < 300; i++) {
        int stream = 1 + 2 * i;
        client
            .frame(
                RawHttp2.HEADERS,
                RawHttp2.END_HEADERS | RawHttp2.END_STREAM,
                stream,
                RawHttp2.literals(
                    ":method", "GET", ":scheme", "https", ":path", "/v1/models", "host", "h"))
            .frame(RawHttp2.RST_STREAM, 0, stream, RawHttp2.number(CANCEL));
      }
      client.flush();
      assertThat(client.closed()).isTrue();
      assertThat(client.lastError()).isEqualTo(ENHANCE_YOUR_CALM);
      assertThat(log.lines())
          .filteredOn(line -> line.contains("The HTTP/2 connection of the client at"))
          .hasSize(1);
      assertThat(log.lines()).noneMatch(line -> line.startsWith("ERROR"));
    }
    gateway().awaitIdle();
  }

  /** CVE-2019-9512: answers to pings that nobody reads are not kept for ever. */
  @Test
  void pings_whoseAnswersNobodyReads_endTheConnection() throws Exception {
    secure(simulated("steady").uri());
    try (RawHttp2 client = raw()) {
      boolean ended = false;
      // More than the buffers of both sockets may hold.
      for (int i = 0; i < 4_000 && !ended; i++) {
        for (int ping = 0; ping < 1_000; ping++) {
          client.frame(RawHttp2.PING, 0, 0, new byte[8]);
        }
        try {
          client.flush();
        } catch (IOException closed) {
          ended = true;
        }
        ended |= gateway().connections() == 0;
      }
      assertThat(ended).isTrue();
      await().atMost(LONG).until(() -> gateway().connections() == 0);
    }
  }

  @Test
  void nonsense_endsTheConnection() throws Exception {
    secure(simulated("steady").uri());
    try (RawHttp2 client = raw()) {
      isServed(client, 1);
      client.send(RawHttp2.DATA, 0, 0, new byte[1]); // DATA belongs to a stream
      assertThat(client.closed()).isTrue();
      assertThat(client.lastError()).isEqualTo(PROTOCOL_ERROR);
    }
  }

  // ---- slow readers

  private ScriptedServer flood(int parts) throws Exception {
    return scripted(
        (peer, connection) -> {
          while (true) {
            ScriptedServer.Request request = peer.request();
            if (request == null) {
              return;
            }
            if (!request.text().contains("much")) {
              peer.send(ScriptedServer.whole(200, "{}"));
              continue;
            }
            peer.sendBufferSize(PART);
            peer.send(
                "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: "
                    + (long) PART * parts
                    + "\r\n\r\n");
            for (int i = 0; i < parts; i++) {
              peer.send(new byte[PART]);
            }
          }
        });
  }

  @Test
  void streamThatIsNotRead_pausesItsServer_andHoldsUpNoOther() throws Exception {
    int parts = 400;
    ScriptedServer server = flood(parts);
    secure(server.uri());
    try (RawHttp2 client = raw()) {
      client.more(0, 1 << 30); // the connection may, the stream may not
      client.ask(1, Chat.PATH, Chat.whole("much"));
      AtomicLong last = new AtomicLong(-1);
      await()
          .atMost(Duration.ofSeconds(30))
          .pollInterval(Duration.ofMillis(400))
          .until(
              () -> {
                long now = server.written();
                return now > 0 && now == last.getAndSet(now);
              });
      // The window, what the gateway holds, and the sockets between it and the server.
      assertThat(server.written()).isLessThan(16L << 20);
      for (int stream = 3; stream < 9; stream += 2) {
        isServed(client, stream);
      }
      assertThat(gateway().inflight()).isEqualTo(1);
      client.more(1, 1 << 30);
      assertThat(client.answer(1).bytes()).hasSize(PART * parts);
      assertThat(client.on(1).reset()).isEqualTo(-1);
    }
  }

  @Test
  void streamThatIsNeverRead_isResetAfterTheWriteTimeout_andNoOther() throws Exception {
    ScriptedServer server = flood(400);
    secure(server.uri(), "caravan.http.write-timeout", "1s");
    try (RawHttp2 client = raw()) {
      client.more(0, 1 << 30);
      client.ask(1, Chat.PATH, Chat.whole("much"));
      assertThat(client.awaitReset(1)).isEqualTo(CANCEL);
      gateway().awaitIdle();
      isServed(client, 3);
    }
  }
}
