package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.admission.Limits;
import dev.caravan.admission.Memory;
import dev.caravan.admission.Shed;
import dev.caravan.upstream.Call;
import io.netty.channel.DefaultEventLoop;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpConnectionTest {
  private static final String CHAT = "{\"model\":\"llama\"}";

  private final Door door = new Door().open();

  @AfterEach
  void everythingIsReleased() {
    door.channel.finishAndReleaseAll();
    assertThat(door.ingress.connections()).isZero();
  }

  private void answer(String text) {
    door.visits.remove().reply().ok(text.getBytes(ISO_8859_1));
  }

  // ---- order

  @Test
  void pipelined_requests_areAnsweredInOrderOneAtATime() {
    door.send(
        Door.post(CHAT) + "GET /v1/models/llama HTTP/1.1\r\nhost: h\r\n\r\n" + Door.post(CHAT));
    assertThat(door.visits).hasSize(1);
    assertThat(door.written()).isEmpty();
    answer("[1]");
    assertThat(door.written()).containsSubsequence("[1]", "\"id\":\"llama\"");
    assertThat(door.visits).hasSize(1);
    answer("[3]");
    assertThat(door.written()).endsWith("[3]");
    assertThat(door.ends)
        .containsExactly(
            "200 /v1/chat/completions completed",
            "200 /v1/models completed",
            "200 /v1/chat/completions completed");
  }

  @Test
  void pipelined_thousandsOfErrors_needNoStack() {
    String one = "GET /nothing HTTP/1.1\r\nhost: h\r\n\r\n";
    door.send(Door.post(CHAT) + one.repeat(20_000));
    assertThat(door.channel.config().isAutoRead()).isFalse();
    answer("[1]");
    assertThat(door.ends).hasSize(20_001);
    assertThat(door.channel.config().isAutoRead()).isTrue();
    assertThat(door.written().split("HTTP/1.1 404", -1)).hasSize(20_001);
  }

  @Test
  void pipelined_bodies_stopReadingAtOneRead() {
    door.send(Door.post(CHAT));
    String large = "{\"model\":\"llama\",\"messages\":[\"" + "x".repeat(40_000) + "\"]}";
    door.send(Door.post(large));
    assertThat(door.channel.config().isAutoRead()).isTrue();
    door.send(Door.post(large));
    assertThat(door.channel.config().isAutoRead()).isFalse();
    answer("[1]");
    assertThat(door.channel.config().isAutoRead()).isTrue();
    answer("[2]");
    answer("[3]");
    assertThat(door.ends).hasSize(3);
  }

  @Test
  void request_inSingleBytes_isTheSame() {
    Door.post(CHAT).chars().forEach(c -> door.send(String.valueOf((char) c)));
    assertThat(door.visits).hasSize(1);
    assertThat(door.visits.element().call().request().body().toString(ISO_8859_1)).isEqualTo(CHAT);
    answer("[1]");
    assertThat(door.written()).endsWith("[1]");
  }

  @Test
  void body_atItsEnd_canStillBeMeasuredAndIsReleasedThen() {
    door.send(Door.post(CHAT));
    Call call = door.visits.element().call();
    answer("[1]");
    assertThat(door.bodiesAtEnd).containsExactly(CHAT.length());
    assertThat(call.request().body().refCnt()).isZero();
  }

  // ---- errors

  @ParameterizedTest
  @ValueSource(strings = {"{", "[]", "{}", "{\"model\":7}", ""})
  void badBody_isAnsweredAndTheConnectionKept(String body) {
    door.send(Door.post(body));
    assertThat(door.written()).startsWith("HTTP/1.1 400 ").contains("invalid_request_error");
    door.send(Door.post(CHAT));
    assertThat(door.visits).hasSize(1);
    answer("[1]");
  }

  @ParameterizedTest
  @CsvSource({
    "GET / HTTP/1.1|host: h, 404",
    "PUT /v1/models HTTP/1.1|host: h|content-length: 2, 405",
    "GET /v1/chat/completions HTTP/1.1|host: h, 405",
    "HEAD /v1/models HTTP/1.1|host: h, 200",
    "GET http://evil/v1/models HTTP/1.1|host: h, 200",
    "GET /v1/models/none HTTP/1.1|host: h, 404",
    "GET /v1/models/say%20%22hi%22 HTTP/1.1|host: h, 200",
  })
  void head_thatIsUnderstood_keepsTheConnection(String head, int status) {
    door.send(head.replace("|", "\r\n") + "\r\n\r\n" + (head.startsWith("PUT") ? "no" : ""));
    String written = door.written();
    assertThat(written).startsWith("HTTP/1.1 " + status + " ").doesNotContain("connection: close");
    assertThat(written.endsWith("\r\n\r\n")).isEqualTo(head.startsWith("HEAD"));
    door.send(Door.post(CHAT));
    assertThat(door.visits).hasSize(1);
    answer("[1]");
  }

  @ParameterizedTest
  @CsvSource({
    "GET /v1/models HTTP/1.1, 400",
    "GET /v1/models HTTP/1.1|host: a|host: b, 400",
    "GET /v1/models HTTP/2.0|host: h, 505",
    "GET /v1/models HTTP/1.2|host: h, 505",
    "GET /v1/models FOO/1.1|host: h, 400",
    "nonsense, 400",
    "GET /v1/models HTTP/1.1|host: h|bad name: x, 400",
    "GET /v1/models HTTP/1.1|host: h|no colon, 400",
    "GET /v1/models HTTP/1.1|host: h|: x, 400",
    "POST /v1/completions HTTP/1.1|host: h|content-length: x, 400",
    "POST /v1/completions HTTP/1.1|host: h|content-length: -1, 400",
    "POST /v1/completions HTTP/1.1|host: h|content-length: +1, 400",
    "'POST /v1/completions HTTP/1.1|host: h|content-length: 1, 1', 400",
    "POST /v1/completions HTTP/1.1|host: h|content-length: 1|content-length: 2, 400",
    "POST /v1/completions HTTP/1.1|host: h|content-length: 1|content-length: 1, 400",
    "POST /v1/completions HTTP/1.1|host: h|content-length: 1|transfer-encoding: chunked, 400",
    "POST /v1/completions HTTP/1.1|host: h|transfer-encoding: chunked|content-length: 1, 400",
    "POST /v1/completions HTTP/1.0|host: h|transfer-encoding: chunked, 400",
    "POST /v1/completions HTTP/1.1|host: h|transfer-encoding: gzip, 501",
    "'POST /v1/completions HTTP/1.1|host: h|transfer-encoding: gzip, chunked', 501",
    "'POST /v1/completions HTTP/1.1|host: h|transfer-encoding: chunked, identity', 400",
    "POST /v1/completions HTTP/1.1|host: h|transfer-encoding: xchunked, 501",
    "POST /v1/completions HTTP/1.1|host: h|transfer-encoding: chunked|transfer-encoding: x, 501",
  })
  void head_thatMayMeanTwoThings_isAnsweredAndEndsTheConnection(String head, int status) {
    door.send(head.replace("|", "\r\n") + "\r\n\r\n");
    String written = door.written();
    assertThat(written).startsWith("HTTP/1.1 " + status + " ").contains("connection: close");
    // Nothing behind it is read as a request.
    if (door.channel.isOpen()) {
      door.send(Door.post(CHAT));
    }
    assertThat(door.visits).isEmpty();
    assertThat(door.written()).isEmpty();
    door.pass(2_000);
    assertThat(door.channel.isActive()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/models HTTP/1.1\r\nhost: h\r\na: b\r\n c\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nhost: h\r\na: b\r\n\tc: d\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\n host: h\r\nhost: h\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nhost: h\r\n \r\n\r\n",
        "POST /v1/completions HTTP/1.1\r\nhost: h\r\ncontent-length:\r\n 2\r\n\r\n{}",
        "POST /v1/completions HTTP/1.1\r\nhost: h\r\ntransfer-encoding:\r\n chunked\r\n\r\n",
        "GET\t/v1/models HTTP/1.1\r\nhost: h\r\n\r\n",
        "GET /v1/models\u000bHTTP/1.1\r\nhost: h\r\n\r\n",
        "GET /v1/models\rHTTP/1.1\r\nhost: h\r\n\r\n",
        "GET /v1/mod\u0000els HTTP/1.1\r\nhost: h\r\n\r\n",
        "GET /v1/mod\u007fels HTTP/1.1\r\nhost: h\r\n\r\n",
        "GET /v1/models HTTP/1.1\nhost: h\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nhost: h\n\r\n",
        "GET /v1/models HTTP/1.1\r\nhost: h\r\n\n",
        "GET /v1/models HTTP/1.1\r\nhost: h\r\na: b\rc: d\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nhost: h\r\ra: b\r\n\r\n",
      })
  void head_thatOthersReadDifferently_isRefused_howeverItIsCut(String head) {
    for (boolean whole : new boolean[] {true, false}) {
      Door cut = new Door().open();
      if (whole) {
        cut.send(head);
      } else {
        head.chars()
            .takeWhile(c -> cut.channel.isOpen())
            .forEach(c -> cut.send(String.valueOf((char) c)));
      }
      cut.send(Door.post(CHAT));
      assertThat(cut.written()).startsWith("HTTP/1.1 400 ").contains("connection: close");
      assertThat(cut.visits).isEmpty();
      assertThat(cut.ends).as("one answer").hasSize(1);
      cut.channel.finishAndReleaseAll();
    }
  }

  @Test
  void head_behindABodyThatLooksFolded_isTaken() {
    String body = "{\"model\":\"llama\",\r\n \"a\":\r\n\t1}";
    door.send("\r\n" + Door.post(body) + "\r\n" + Door.post(body));
    answer("[1]");
    assertThat(door.visits).hasSize(1);
    answer("[2]");
    door.send(
        "POST /v1/completions HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
            + Integer.toHexString(body.length())
            + "\r\n"
            + body
            + "\r\n0\r\n\r\n"
            + Door.post(body));
    answer("[3]");
    answer("[4]");
    assertThat(door.ends).hasSize(4).allMatch(end -> end.startsWith("200 "));
  }

  @Test
  void head_tooLong_is414Or431() {
    door.send("GET /" + "x".repeat(300) + " HTTP/1.1\r\n\r\n");
    assertThat(door.written()).startsWith("HTTP/1.1 414 ");
    Door second = new Door().open();
    second.send("GET / HTTP/1.1\r\nhost: h\r\na: " + "x".repeat(1_100) + "\r\n\r\n");
    assertThat(second.written()).startsWith("HTTP/1.1 431 ");
    second.channel.finishAndReleaseAll();
  }

  @Test
  void error_neverRepeatsWhatTheClientSent() {
    door.send("GET /canary-4711 HTTP/1.1\r\nhost: h\r\nauthorization: canary-4711\r\n\r\n");
    door.send("GET /v1/models/canary-4711 HTTP/1.1\r\nhost: h\r\n\r\n");
    assertThat(door.written()).doesNotContain("4711");
  }

  // ---- bodies

  @Test
  void expectContinue_isTold() {
    String all = Door.post(CHAT, "expect: 100-continue\r\n");
    door.send(all.substring(0, all.length() - CHAT.length()));
    assertThat(door.written()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
    door.send(CHAT);
    assertThat(door.visits).hasSize(1);
    answer("[1]");
  }

  @ParameterizedTest
  @CsvSource({
    "POST /v1/nothing, 100-continue, '', 404",
    "GET /v1/chat/completions, 100-continue, '', 405",
    "POST /v1/chat/completions, 100-continue, content-encoding: gzip|, 415",
    "POST /v1/chat/completions, 200-ok, '', 417",
  })
  void expectContinue_withAnErrorToTell_isToldTheErrorAtOnce(
      String line, String expect, String more, int status) {
    door.send(
        (line + " HTTP/1.1|host: h|" + more + "expect: " + expect + "|content-length: 5||")
            .replace("|", "\r\n"));
    assertThat(door.written()).startsWith("HTTP/1.1 " + status + " ").contains("connection: close");
  }

  @Test
  void body_announcedTooLarge_is413AtOnce() {
    door.send("POST /v1/completions HTTP/1.1\r\nhost: h\r\ncontent-length: 2000001\r\n\r\n{");
    assertThat(door.written()).startsWith("HTTP/1.1 413 ").contains("connection: close");
    door.send("x".repeat(100_000)); // the client is still sending
    assertThat(door.channel.isActive()).isTrue();
    door.pass(1_999);
    assertThat(door.channel.isActive()).isTrue();
    door.pass(1);
    assertThat(door.channel.isActive()).isFalse();
  }

  @Test
  void body_chunksThatGrowTooLarge_are413() {
    door.send("POST /v1/completions HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n");
    String chunk = "10000\r\n" + "x".repeat(65_536) + "\r\n";
    for (int i = 0; i < 31; i++) {
      door.send(chunk);
    }
    assertThat(door.written()).startsWith("HTTP/1.1 413 ");
    assertThat(door.ends).containsExactly("413 /v1/completions client_error");
  }

  @Test
  void body_badChunk_is400() {
    door.send(
        "POST /v1/completions HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
    assertThat(door.written()).startsWith("HTTP/1.1 400 ");
    assertThat(door.visits).isEmpty();
  }

  @Test
  void body_largeAlready_whenMemoryIsShort_goesNoFurther() {
    FullMemory memory = new FullMemory();
    Door full = new Door(new Limits(0, 0, 0, 0.85), memory).open();
    DefaultEventLoop loop = new DefaultEventLoop();
    try {
      full.admission.watch(loop);
      full.send("POST /v1/completions HTTP/1.1\r\nhost: h\r\ncontent-length: 200000\r\n\r\n");
      full.send("x".repeat(60_000));
      memory.full = true;
      await().until(full.admission::memoryShort);
      assertThat(full.written()).isEmpty();
      full.send("x".repeat(10_000));
      assertThat(full.written())
          .startsWith("HTTP/1.1 503 ")
          .contains("\"code\":\"overloaded\"", "connection: close");
      assertThat(full.admission.shed(Shed.MEMORY)).isEqualTo(1);
      full.channel.finishAndReleaseAll();
    } finally {
      loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  /** Memory that is all used, once a test says so. */
  private static final class FullMemory implements Memory {
    volatile boolean full;

    @Override
    public double direct() {
      return full ? 1 : 0;
    }

    @Override
    public double heap() {
      return 0;
    }
  }

  // ---- deadlines

  @Test
  void deadline_nothingSent_closesSilently() {
    door.pass(1_000);
    assertThat(door.written()).isEmpty();
    assertThat(door.channel.isActive()).isFalse();
  }

  @Test
  void deadline_headThatTrickles_is408() {
    for (int i = 0; i < 9; i++) {
      door.send("G");
      door.pass(i == 8 ? 300 : 100);
    }
    assertThat(door.written()).startsWith("HTTP/1.1 408 ");
  }

  @Test
  void deadline_bodyThatTrickles_is408() {
    door.send("POST /v1/completions HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n");
    for (int i = 0; i < 20; i++) {
      door.pass(100);
      if (i < 19) {
        door.send("{");
      }
    }
    assertThat(door.written()).startsWith("HTTP/1.1 408 ");
    assertThat(door.ends).hasSize(1);
  }

  @Test
  void deadline_whileAnswering_thereIsNone() {
    door.send(Door.post(CHAT));
    door.pass(100_000);
    assertThat(door.channel.isActive()).isTrue();
    answer("[1]");
    door.pass(4_999);
    assertThat(door.channel.isActive()).isTrue();
    door.pass(1);
    assertThat(door.channel.isActive()).isFalse();
  }

  // ---- clients that leave, and failures of our own

  @Test
  void clientGone_beforeTheAnswer_releasesTheBodyAndTellsOnce() {
    door.send(Door.post(CHAT) + Door.post(CHAT));
    Door.Visit visit = door.visits.remove();
    door.channel.close();
    assertThat(visit.call().abandoned()).isTrue();
    assertThat(visit.call().request().body().refCnt()).isZero();
    visit.reply().ok(new byte[0]); // the routes come back late
    assertThat(door.ends).containsExactly("0 /v1/chat/completions client_gone");
  }

  @Test
  void clientGone_insideTheBody_releasesIt() {
    door.send("POST /v1/completions HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n{");
    door.channel.close();
    assertThat(door.ends).containsExactly("0 /v1/completions client_gone");
  }

  @Test
  void entryThatThrows_isAnsweredWith500() {
    door.ingress.entry(
        (call, headers, reply) -> {
          throw new IllegalStateException("a bug");
        });
    door.send(Door.post(CHAT));
    assertThat(door.written()).startsWith("HTTP/1.1 500 ").doesNotContain("a bug");
    assertThat(door.ends).containsExactly("500 /v1/chat/completions refused");
  }

  @Test
  void noRoutes_is503() {
    door.ingress.entry(null);
    door.send(Door.post(CHAT));
    assertThat(door.written()).startsWith("HTTP/1.1 503 ").contains("retry-after: 1\r\n");
  }
}
