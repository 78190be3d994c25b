package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.ArmedFault;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that fails when a part of its answer is with the client already. */
class MidStreamTest extends EndToEnd {

  private static void isCut(RawHttp.Answer answer, String code) throws Exception {
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).doesNotContain("[DONE]").endsWith("\n\n");
    List<String> events = Chat.events(answer.text());
    assertThat(Chat.json(events.get(events.size() - 1)).at("/error/code").asText()).isEqualTo(code);
    assertThat(events.subList(0, events.size() - 1)).noneMatch(event -> event.contains("error"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void streamCut_endsWithAnErrorEvent_andTheConnectionGoesOn(int tokens) throws Exception {
    SimulatedServer server = simulated("only");
    SimulatedServer other = simulated("other");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .server("only", server.uri(), "weight: 256")
            .server("other", other.uri())
            .text());
    server.fault(ArmedFault.once(new Fault.CutMidStream(tokens)));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 20));
    isCut(client.answer(), "stream_interrupted");
    assertThat(other.received()).as("a stream that began is not begun again").isZero();
    client.post(Chat.PATH, Chat.stream("hello", 20));
    assertThat(client.answer().text()).endsWith("data: [DONE]\n\n");
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 2);
    assertThat(gateway().accessLog().get(0)).contains("\"failed_after_first_byte\"");
  }

  @Test
  void streamHang_endsWithAnErrorEvent_afterTheIdleTimeout() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri(), "betweenTokensTimeout: 300ms"));
    server.fault(ArmedFault.once(new Fault.HangMidStream(3)));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 20));
    isCut(client.answer(), "stream_timeout");
    await().atMost(LONG).until(() -> server.aborted() == 1);
    client.post(Chat.PATH, Chat.stream("hello", 20));
    assertThat(client.answer().text()).endsWith("data: [DONE]\n\n");
  }

  @Test
  void streamThatTakesTooLong_endsWithAnErrorEvent_afterTheTotalTimeout() throws Exception {
    SimulatedServer server = simulated(SimulatedServer.builder(vertx).speedup(1));
    start(PoolYaml.single(server.uri(), "totalTimeout: 600ms"));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 10_000));
    isCut(client.answer(), "stream_timeout");
    await().atMost(LONG).until(() -> server.aborted() == 1);
  }

  @Test
  void streamCutWithinAnEvent_theErrorIsAnEventOfItsOwn() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              peer.chunk("data: {\"a\":1}\n\ndata: {\"half");
            });
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 20));
    RawHttp.Answer answer = client.answer();
    assertThat(answer.text()).startsWith("data: {\"a\":1}\n\ndata: {\"half\n\n");
    List<String> events = Chat.events(answer.text());
    assertThat(Chat.json(events.get(2)).at("/error/code").asText()).isEqualTo("stream_interrupted");
  }

  @ParameterizedTest
  @ValueSource(strings = {"XYZ\r\nabc\r\n", "-1\r\n", "5\nabcde\r\n", "2\r\nabcd\r\n", "\r\n"})
  void streamWithABadChunk_endsWithAnErrorEvent(String bad) throws Exception {
    CountDownLatch firstArrived = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              peer.chunk("data: {\"a\":1}\n\n");
              // In one read with the bad chunk nothing would have been sent: that is a 502.
              firstArrived.await();
              peer.send(bad);
              peer.awaitLeft();
            });
    start(PoolYaml.single(server.uri(), "betweenTokensTimeout: 5s"));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 20));
    RawHead head = client.head();
    byte[] first = client.chunk().bytes();
    firstArrived.countDown();
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.write(first);
    whole.write(client.body(head));
    isCut(new RawHttp.Answer(head, whole.toByteArray()), "stream_interrupted");
    await().atMost(LONG).until(() -> server.left() == 1);
  }

  @Test
  void wholeAnswerCut_whenAPartWasSent_endsTheConnectionEarly() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    server.fault(ArmedFault.once(new Fault.CutMidStream(0)));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"));
    assertThatThrownBy(client::answer).isInstanceOf(EOFException.class);
    assertThat(client.closed()).isTrue();
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 1);
    assertThat(gateway().accessLog().get(0)).contains("\"failed_after_first_byte\"");
  }

  @Test
  void wholeAnswerCut_beforeItsFirstByte_is502() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n");
              peer.send("content-length: 100\r\n\r\n");
            });
    start(PoolYaml.single(server.uri()));
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.status()).isEqualTo(502);
    assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("bad_gateway");
  }

  @Test
  void chunkedAnswerThatIsNoStream_cut_hasNoProperEnd() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD.replace("text/event-stream", "application/json"));
              peer.chunk("{\"half\":");
            });
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"));
    assertThatThrownBy(client::answer).isInstanceOf(EOFException.class);
  }
}
