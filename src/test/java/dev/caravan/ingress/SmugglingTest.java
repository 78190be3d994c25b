package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Requests that two readers have read in two ways, so that one took for a request what the other
 * took for a part of the one before. Each case is a class of such finds, in bytes of our own;
 * behind each stands a request that must not be answered. {@code |} stands for CR LF.
 *
 * @see <a href="https://github.com/narfindustries/http-garden/blob/main/TROPHIES.md">HTTP Garden's
 *     list of finds in servers and proxies</a>
 */
class SmugglingTest {
  private static final String POST = "POST /v1/chat/completions HTTP/1.1|host: h|";
  private static final String CHUNKED = POST + "transfer-encoding: chunked||";
  private static final String BEHIND = Door.post("{\"model\":\"smuggled\"}");

  /** Sends it at once and byte for byte. */
  private static void each(String bytes, Consumer<Door> check) {
    String wire = bytes.replace("|", "\r\n") + BEHIND;
    for (boolean whole : new boolean[] {true, false}) {
      Door door = new Door().open();
      if (whole) {
        door.send(wire);
      } else {
        for (byte one : wire.getBytes(ISO_8859_1)) {
          if (door.channel.isOpen()) {
            door.send(String.valueOf((char) (one & 0xff)));
          }
        }
      }
      check.accept(door);
      door.channel.finishAndReleaseAll();
    }
  }

  private static void refused(Door door) {
    assertThat(door.written()).startsWith("HTTP/1.1 400 ").contains("connection: close");
    assertThat(door.visits).as("what stood behind is no request").isEmpty();
    assertThat(door.ends).as("one answer").hasSize(1);
    door.pass(2_000);
    assertThat(door.channel.isActive()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Transfer-Encoding and Content-Length in odd forms
        POST + "transfer-encoding: chunked|content-length: 5||0||",
        POST + "content-length: 5|transfer-encoding: ,chunked||0||",
        POST + "content-length: 5|transfer-encoding: \u000bchunked||0||",
        POST + "content-length: 5|transfer-\r\nencoding: chunked||0||",
        POST + "content-length: 5|transfer-encoding : chunked||0||",
        POST + "content-length: 5| transfer-encoding: chunked||0||",
        POST + "content-length: 5|x: y\r transfer-encoding: chunked||0||",
        POST + "content-length: 5|x: y\ntransfer-encoding: chunked||0||",
        POST + "content-length: 5|x:\n\ntransfer-encoding: chunked||0||",
        POST + "content-length: ||",
        POST + "content-length: |content-length: 2||{}",
        POST + "content-length: 2|content-length: ||{}",
        POST + "content-length: 0|content-length: 2||{}",
        POST + "content-length: 2|content-length: 0||{}",
        POST + "content-length: 2Z||{}",
        POST + "content-length: 0x2||{}",
        POST + "content-length: +2||{}",
        POST + "content-length: 1_0||0123456789",
        POST + "content-length: -2||{}",
        POST + "content-length: 2 ,||{}",
        POST + "content-length 2||{}",
        POST + "content-length\u0085: 2||{}",
        POST + "content-length\u00a0: 2||{}",
        POST + "content-length: \u00a02||{}",
        POST + "content-length: 2\u0000||{}",
        POST + "content-length: 99999999999999999999999999||{}",
        // where the head ends
        POST + "\r|",
        POST + "\rZ",
        POST + "\n",
        POST + ":|content-length: 2||{}",
        POST + ": 2|content-length: 2||{}",
        POST + "x: \u0000|content-length: 2||{}",
        POST + "x: a\u0000b|content-length: 2||{}",
        POST + "x: a\rb|content-length: 2||{}",
        POST + "x\u0000: a|content-length: 2||{}",
        POST + "\u00efx: a|content-length: 2||{}",
        POST + "\"x\": a|content-length: 2||{}",
        POST + "x[]: a|content-length: 2||{}",
        POST + "x\ny: a|content-length: 2||{}",
        POST + "x: \u0007|content-length: 2||{}",
        // sizes of chunks
        CHUNKED + "|",
        CHUNKED + "||",
        CHUNKED + "Z||0||",
        CHUNKED + "0x2|{}|0||",
        CHUNKED + "+2|{}|0||",
        CHUNKED + "-2|{}|0||",
        CHUNKED + "-0||",
        CHUNKED + "0_2|{}|0||",
        CHUNKED + "2these bytes are none|{}|0||",
        CHUNKED + " 2|{}|0||",
        CHUNKED + "\t2|{}|0||",
        CHUNKED + "\u000b2|{}|0||",
        CHUNKED + "2 2|{}|0||",
        CHUNKED + "2\u0000|{}|0||",
        CHUNKED + "2\r\r|{}|0||",
        CHUNKED + "100000000000000002|{}|0||",
        CHUNKED + "80000000|{}|0||",
        CHUNKED + "ffffffff|{}|0||",
        // ends of chunks and of their lines
        CHUNKED + "2\n{}|0||",
        CHUNKED + "2\r{}|0||",
        CHUNKED + "2|{}\n0||",
        CHUNKED + "2|{}0||",
        CHUNKED + "2|{}XX0||",
        CHUNKED + "2|{}\r0||",
        CHUNKED + "2|{}||0||",
        CHUNKED + "2|{}|0\n\n",
        CHUNKED + "2|{}|0\r\n\n",
        // extensions
        CHUNKED + "2;\n{}|0||",
        CHUNKED + "2;a=b\n{}|0||",
        CHUNKED + "2\r;a=b|{}|0||",
        CHUNKED + "2;a\rb|{}|0||",
        CHUNKED + "2;a=b\r\r|{}|0||",
        CHUNKED + "2;\u0000|{}|0||",
        // trailers
        CHUNKED + "2|{}|0|x: a\n|",
        CHUNKED + "2|{}|0|x: a\rb||",
        CHUNKED + "2|{}|0|x||",
        CHUNKED + "2|{}|0|: a||",
        CHUNKED + "2|{}|0| x: a||",
        CHUNKED + "2|{}|0|x: a| b||",
        CHUNKED + "2|{}|0|x : a||",
        CHUNKED + "2|{}|0|x: a\u0000||",
        CHUNKED + "2|{}|0|X:POST / HTTP/1.1|",
        // the request line
        "POST  /v1/chat/completions HTTP/1.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions  HTTP/1.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1 |host: h|content-length: 2||{}",
        " POST /v1/chat/completions HTTP/1.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions\tHTTP/1.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions\rHTTP/1.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/\r1.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions x HTTP/1.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions http/1.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/01.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.10|host: h|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/4294967297.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions|host: h|content-length: 2||{}",
        "POST=\"(),[]\" /v1/chat/completions HTTP/1.1|host: h|content-length: 2||{}",
        "POST\u0000 /v1/chat/completions HTTP/1.1|host: h|content-length: 2||{}",
        "P\u00d6ST /v1/chat/completions HTTP/1.1|host: h|content-length: 2||{}",
        "\u0000POST /v1/chat/completions HTTP/1.1|host: h|content-length: 2||{}",
        // who it is for
        "POST /v1/chat/completions HTTP/1.1|host: h|host: h|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: h x|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: h/x|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: h@x|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: h:1:2|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: h:x|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: [::1|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: [x]|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: h\u0000x|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: \u00ffh|content-length: 2||{}",
      })
  void request_thatMayBeReadInTwoWays_isRefused_andEndsTheConnection(String bytes) {
    each(bytes, SmugglingTest::refused);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        POST + "content-length: 010||{        }",
        POST
            + "content-length: 2|connection: keep-alive, upgrade|upgrade: h2c|"
            + "http2-settings: AAMAAABkAARAAAAAAAIAAAAA||{}",
        POST + "x: \u0085a\u00a0|content-length: 2||{}",
        POST + "host2: [|content-length: 2||{}",
        CHUNKED + "2|{}|0||",
        CHUNKED + "2;a=b;c=\"d;e\"|{}|0||",
        CHUNKED + "02|{}|00||",
        CHUNKED + "1|{|1|}|0|x: a||",
        CHUNKED + "2 ;a|{}|0||",
        CHUNKED + "2|{}|0|content-length: 4|transfer-encoding: chunked|host: x||",
        "||" + POST + "content-length: 2||{}",
        "POST http://other.example/v1/chat/completions HTTP/1.1|host: h|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host: [::1]:8080|content-length: 2||{}",
        "POST /v1/chat/completions HTTP/1.1|host:|content-length: 2||{}",
        "GET /v1/nothing HTTP/1.1|host: h|content-length: 2||{}",
        "GET /v1/models/x HTTP/1.1|host: h|content-length: 47||GET /v1/models/y HTTP/1.1||host: smuggled||",
        "HEAD /v1/nothing HTTP/1.1|host: h|transfer-encoding: chunked||2|{}|0||",
      })
  void request_thatIsOddAndClear_isOne_andTheNextIsRead(String bytes) {
    each(
        bytes,
        door -> {
          assertThat(door.ends).hasSize(1);
          assertThat(door.written()).startsWith("HTTP/1.1 4").doesNotContain("connection: close");
          assertThat(door.visits).hasSize(1);
          assertThat(door.visits.element().call().request().model()).isEqualTo("smuggled");
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://h?/v1/chat/completions", "http://h#/v1/chat/completions"})
  void target_whoseAuthorityEndsBeforeAPath_hasNone(String target) {
    Door door = new Door().open();
    door.send("POST " + target + " HTTP/1.1\r\nhost: h\r\ncontent-length: 17\r\n\r\n");
    door.send("{\"model\":\"llama\"}");
    assertThat(door.written()).startsWith("HTTP/1.1 404 ");
    assertThat(door.visits).isEmpty();
    door.channel.finishAndReleaseAll();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http:///v1/models",
        "http://user@h/v1/models",
        "http://h h/v1/models",
        "http://[::1/v1/models",
        "ftp://h/v1/models",
        "HTTP:/v1/models",
        "h:80",
        "*",
      })
  void target_thatNamesNobody_isRefused(String target) {
    Door door = new Door().open();
    door.send("GET " + target + " HTTP/1.1\r\nhost: h\r\n\r\n");
    assertThat(door.written()).startsWith("HTTP/1.1 400 ");
    door.channel.finishAndReleaseAll();
  }
}
