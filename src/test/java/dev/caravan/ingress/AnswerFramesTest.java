package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers of HTTP/1.1 become heads and data, however the bytes are cut. */
class AnswerFramesTest implements AnswerFrames.Output {
  private static final String HEAD =
      """
      HTTP/1.1 200 OK\r
      Content-Type: text/event-stream\r
      X-Two:  a \r
      x-two: b\r
      Transfer-Encoding: chunked\r
      connection: close\r
      x-empty:\r
      \r
      """;

  private final List<Http2Headers> heads = new ArrayList<>();
  private final StringBuilder data = new StringBuilder();
  private AnswerFrames frames = new AnswerFrames(this);

  @Override
  public void head(Http2Headers head) {
    heads.add(head);
  }

  @Override
  public void data(ByteBuf part) {
    data.append(part.toString(ISO_8859_1));
    part.release();
  }

  private void pass(String text) {
    ByteBuf bytes = Unpooled.copiedBuffer(text, ISO_8859_1);
    frames.pass(bytes);
    assertThat(bytes.refCnt()).isZero();
  }

  @Test
  void head_losesWhatIsOfTheConnection_andUpperCase() {
    pass(HEAD);
    assertThat(heads).hasSize(1);
    Http2Headers head = heads.get(0);
    assertThat(head.status()).hasToString("200");
    assertThat(head.get("content-type")).hasToString("text/event-stream");
    assertThat(head.getAll("x-two")).map(Object::toString).containsExactly("a", "b");
    assertThat(head.get("x-empty")).hasToString("");
    assertThat(head.size()).isEqualTo(5);
    assertThat(frames.whole()).isFalse();
  }

  @Test
  void chunks_cutAnywhere_areTheSameData() {
    String body = "5\r\nhello\r\n1A;name=value\r\n, this is a longer chunk..\r\n1\r\n!\r\n";
    String end = "0\r\ntrailer: 1\r\nother: 2\r\n\r\n";
    String all = body + end;
    for (int one = 0; one <= all.length(); one++) {
      for (int two = one; two <= all.length(); two++) {
        frames = new AnswerFrames(this);
        data.setLength(0);
        pass(HEAD);
        pass(all.substring(0, one));
        pass(all.substring(one, two));
        assertThat(frames.whole()).isEqualTo(two == all.length());
        pass(all.substring(two));
        assertThat(data).hasToString("hello, this is a longer chunk..!");
        assertThat(frames.whole()).isTrue();
      }
    }
  }

  @Test
  void length_endsTheBody_andIsTold() {
    pass("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345");
    assertThat(heads.get(0).get("content-length")).hasToString("10");
    assertThat(frames.whole()).isFalse();
    pass("67890and more, which is nobody's");
    assertThat(data).hasToString("1234567890");
    assertThat(frames.whole()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "HTTP/1.1 204 No Content|",
    "HTTP/1.1 304 Not Modified|content-length: 7|",
    "HTTP/1.1 200 OK|content-length: 0|"
  })
  void answerWithoutABody_isWholeWithItsHead(String head) {
    pass(head.replace("|", "\r\n") + "\r\n");
    assertThat(heads).hasSize(1);
    assertThat(frames.whole()).isTrue();
  }

  @Test
  void answerToHead_hasALengthAndNoBody() {
    frames.headOnly();
    pass("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n");
    assertThat(heads.get(0).get("content-length")).hasToString("99");
    assertThat(frames.whole()).isTrue();
  }

  @Test
  void continue_isAHeadBeforeTheHead() {
    pass("HTTP/1.1 100 Continue\r\n\r\n");
    assertThat(frames.whole()).isFalse();
    pass("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx");
    assertThat(heads).map(head -> String.valueOf(head.status())).containsExactly("100", "200");
    assertThat(data).hasToString("x");
  }
}
