package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.caravan.simulator.ArmedFault;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that dies within an answer, and another one that goes on with it. */
class ResumeTest extends Resuming {
  /** Servers that give the same answers. */
  private SimulatedServer first;

  private SimulatedServer second;

  /** One that is in no pool. */
  private SimulatedServer reference;

  @BeforeEach
  void startTwins() {
    first = simulated("twin");
    second = simulated("twin");
    reference = simulated("twin");
  }

  private RawHttp.Answer unbroken(String body) throws Exception {
    return RawHttp.ask(reference.port(), Chat.PATH, body, "x-request-id: same");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 50})
  void death_afterSoManyTokens_isNotSeenByTheClient(int tokens) throws Exception {
    startPool(first.uri(), second.uri());
    Read own = Read.of(unbroken(stream(80)));
    first.fault(ArmedFault.once(new Fault.CutMidStream(tokens)));
    RawHttp.Answer answer;
    try (CapturedLog log = CapturedLog.of("dev.caravan.route.Resumptions")) {
      answer = ask(stream(80), "x-request-id: same");
      assertThat(log.lines())
          .singleElement()
          .asString()
          .startsWith("WARN")
          .contains("gpu-0", "gpu-1", "resumed", "after " + tokens + " tokens");
    }
    Read read = Read.of(answer);
    assertThat(read).isEqualTo(own);
    assertThat(read.ids()).hasSize(1);
    assertThat(read.roles()).isEqualTo(1);
    assertThat(read.ends()).isEqualTo(1);
    assertThat(read.usage()).contains("\"completion_tokens\":80");
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("gpu-0");
    assertThat(second.received()).isEqualTo(1);
    assertThat(resumptions("resumed")).isEqualTo(1);
    assertThat(accessLog(0))
        .contains("\"completed\"", "\"attempts\":2", "\"resumptions\":1", "\"backend\":\"gpu-1\"");
  }

  @Test
  void death_atAnyToken_leavesTheSameText() throws Exception {
    startPool(first.uri(), second.uri());
    String body = stream("größer als 🐪?", 40, "\"n\":1");
    String own = Read.of(unbroken(body)).text();
    assertThat(own).hasSizeGreaterThan(100);
    List<String> answers = new ArrayList<>();
    for (int tokens = 1; tokens <= 40; tokens++) {
      first.fault(ArmedFault.once(new Fault.CutMidStream(tokens)));
      answers.add(Read.of(ask(body)).text());
    }
    assertThat(answers).allMatch(own::equals);
    assertThat(resumptions("resumed")).isEqualTo(39);
    assertThat(resumptions("finished")).as("the last token says that it is the last").isEqualTo(1);
  }

  @Test
  void death_ofAnAnswerWithoutLimits_isNotSeenByTheClient() throws Exception {
    startPool(first.uri(), second.uri());
    String body = Chat.body("hello", "\"stream\":true,\"stream_options\":{\"include_usage\":true}");
    Read own = Read.of(unbroken(body));
    assertThat(own.finish()).isEqualTo("stop");
    first.fault(ArmedFault.once(new Fault.CutMidStream(9)));
    assertThat(Read.of(ask(body, "x-request-id: same"))).isEqualTo(own);
  }

  @Test
  void secondDeath_isResumedAgain_andAThirdIsNot() throws Exception {
    SimulatedServer third = simulated("twin");
    SimulatedServer fourth = simulated("twin");
    startPool(List.of("attempts: 4"), first.uri(), second.uri(), third.uri(), fourth.uri());
    Read own = Read.of(unbroken(stream(80)));
    first.fault(new Fault.CutMidStream(7));
    second.fault(new Fault.CutMidStream(9));
    assertThat(Read.of(ask(stream(80), "x-request-id: same"))).isEqualTo(own);
    assertThat(accessLog(0)).contains("\"attempts\":3", "\"resumptions\":2");
    third.fault(new Fault.CutMidStream(3));
    fourth.fault(new Fault.CutMidStream(3));
    isCut(ask(stream(80)), "stream_interrupted");
    assertThat(resumptions("resumed")).isEqualTo(4);
    assertThat(resumptions("refused")).isEqualTo(1);
  }

  @Test
  void hang_isResumed_afterTheTimeBetweenTokens() throws Exception {
    startPool(List.of("betweenTokensTimeout: 300ms"), first.uri(), second.uri());
    Read own = Read.of(unbroken(stream(40)));
    first.fault(ArmedFault.once(new Fault.HangMidStream(6)));
    assertThat(Read.of(ask(stream(40), "x-request-id: same"))).isEqualTo(own);
    await().atMost(LONG).until(() -> first.aborted() == 1);
  }

  @Test
  void sibling_thatFailsBeforeItsFirstByte_isPassedOver() throws Exception {
    SimulatedServer third = simulated("twin");
    startPool(first.uri(), second.uri(), third.uri());
    Read own = Read.of(unbroken(stream(40)));
    first.fault(new Fault.CutMidStream(4));
    second.fault(new Fault.Status(503));
    assertThat(Read.of(ask(stream(40), "x-request-id: same"))).isEqualTo(own);
    assertThat(second.received()).isEqualTo(1);
    assertThat(third.received()).isEqualTo(1);
  }

  @Test
  void nothingBroken_isByteIdenticalToTheServersOwn() throws Exception {
    startPool(first.uri());
    RawHttp.Answer own = unbroken(stream(60));
    RawHttp.Answer relayed = ask(stream(60), "x-request-id: same");
    assertThat(relayed.body()).isEqualTo(own.body());
    assertThat(relayed.text()).endsWith("data: [DONE]\n\n");
  }

  @Test
  void events_cutAtEveryByte_passWhole() throws Exception {
    String payload = role("a") + event("a", "größer 🐪 €") + ": ping\n\n" + done();
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                peer.send(StreamTest.STREAM_HEAD);
                byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
                for (byte one : bytes) {
                  peer.send("1\r\n");
                  peer.send(new byte[] {one});
                  peer.send("\r\n");
                }
                peer.chunk("");
              }
            });
    startPool(server.uri());
    RawHttp client = client();
    client.post(Chat.PATH, stream(40));
    RawHead head = client.head();
    assertThat(head.status()).isEqualTo(200);
    StringBuilder all = new StringBuilder();
    for (String text = client.chunk().text(); !text.isEmpty(); text = client.chunk().text()) {
      assertThat(text).endsWith("\n\n");
      all.append(text);
    }
    assertThat(all.toString()).isEqualTo(payload);
  }

  @Test
  void resumedStream_hasTheIdentityOfTheFirst_andTheUsageOfBoth() throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "One, "), event("a", "two"), "data: {\"ha");
    ScriptedServer other =
        saying(
            role("other"),
            event("other", " three"),
            finish("other", "stop"),
            usage("other", 22, 1),
            done());
    startPool(dying.uri(), other.uri());
    RawHttp.Answer answer = ask(stream(40));
    Read read = Read.of(answer);
    assertThat(read)
        .isEqualTo(
            new Read(
                "One, two three",
                Set.of("a 11 m-a fp-a"),
                1,
                1,
                "stop",
                "{\"prompt_tokens\":20,\"total_tokens\":23,\"completion_tokens\":3}"));
    assertThat(answer.text())
        .startsWith(role("a") + event("a", "One, ") + event("a", "two"))
        .doesNotContain("data: {\"ha\n", "other");
    JsonNode asked = Chat.json(other.requests().get(0).body());
    assertThat(asked.at("/messages/1").toString())
        .isEqualTo("{\"role\":\"assistant\",\"content\":\"One, two\"}");
    assertThat(asked.at("/continue_final_message").asBoolean()).isTrue();
    assertThat(asked.at("/add_generation_prompt").asBoolean(true)).isFalse();
    assertThat(asked.at("/max_tokens").asInt()).isEqualTo(38);
    assertThat(asked.at("/min_tokens").asInt()).isEqualTo(38);
  }

  @Test
  void whiteSpaceAtTheSeam_isSaidOnce() throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "List:"), event("a", "\n\n"));
    ScriptedServer other =
        saying(role("b"), event("b", "\n"), event("b", "\n- 1"), finish("b", "stop"), done());
    startPool(dying.uri(), other.uri());
    assertThat(Read.of(ask(stream(40, "\"n\":1"))).text()).isEqualTo("List:\n\n- 1");
    JsonNode asked = Chat.json(other.requests().get(0).body());
    assertThat(asked.at("/messages/1/content").asText()).isEqualTo("List:");
    assertThat(asked.at("/max_tokens").asInt()).isEqualTo(39);
  }

  @Test
  void messageThatTheClientBegan_isExtended() throws Exception {
    startPool(first.uri(), second.uri());
    String begun =
        stream(40)
            .replace(
                "}]}",
                "},{\"role\":\"assistant\",\"content\":\"This\"}],"
                    + "\"continue_final_message\":true,\"add_generation_prompt\":false}");
    Read own = Read.of(unbroken(begun));
    assertThat(own.text()).startsWith(" is twin");
    first.fault(ArmedFault.once(new Fault.CutMidStream(6)));
    assertThat(Read.of(ask(begun, "x-request-id: same"))).isEqualTo(own);
    JsonNode asked = Chat.json(second.requests(Chat.PATH).get(0).body());
    assertThat(asked.at("/messages")).hasSize(2);
    assertThat(asked.at("/messages/1/content").asText()).startsWith("This is twin");
  }

  @Test
  void completion_goesOnWithALongerPrompt() throws Exception {
    String head = "data: {\"id\":\"c\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,";
    String more = "\"finish_reason\":null}]}\n\n";
    ScriptedServer dying = saying(head + "\"text\":\"One \"," + more);
    ScriptedServer other = saying(head + "\"text\":\" two\"," + more, done());
    startPool(dying.uri(), other.uri());
    String body =
        "{\"model\":\"llama-3.1-8b\",\"prompt\":\"Cou\\u006et:\",\"stream\":true,\"max_tokens\":9}";
    RawHttp.Answer answer = RawHttp.ask(gateway().port(), "/v1/completions", body);
    assertThat(Read.of(answer).text()).isEqualTo("One  two");
    assertThat(other.requests().get(0).text())
        .isEqualTo(
            "{\"model\":\"llama-3.1-8b\",\"prompt\":\"Cou\\u006et:One \",\"stream\":true,"
                + "\"max_tokens\":8}");
  }

  @Test
  void streamBeforeItsFirstText_isAskedForAgainAsItWas() throws Exception {
    ScriptedServer dying = saying(role("a"));
    ScriptedServer other = saying(role("b"), event("b", "Hi"), finish("b", "stop"), done());
    startPool(dying.uri(), other.uri());
    String body = stream(40, "\"n\":1");
    assertThat(Read.of(ask(body)))
        .isEqualTo(new Read("Hi", Set.of("a 11 m-a fp-a"), 1, 1, "stop", ""));
    assertThat(other.requests().get(0).text()).isEqualTo(body);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stop", "length", "tool_calls"})
  void answerThatOnlyLacksItsEnd_isEnded(String reason) throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "Hi"), finish("a", reason));
    ScriptedServer other = saying(done());
    startPool(dying.uri(), other.uri());
    RawHttp.Answer answer = ask(stream(40, "\"n\":1"));
    assertThat(Read.of(answer).finish()).isEqualTo(reason);
    assertThat(answer.text()).endsWith("data: [DONE]\n\n");
    assertThat(other.connections()).isZero();
    assertThat(resumptions("finished")).isEqualTo(1);
    assertThat(accessLog(0)).contains("\"completed\"");
  }

  @Test
  void answerThatOnlyLacksTheEndOfItsBody_isEnded() throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "Hi"), done() + ": x\n\n");
    startPool(dying.uri());
    assertThat(Read.of(ask(stream(40))).ends()).isEqualTo(1);
    assertThat(resumptions("finished")).isEqualTo(1);
  }

  @Test
  void answerWithAllItsTokens_isEndedAsCut() throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "One"), event("a", " two"));
    startPool(dying.uri());
    Read read = Read.of(ask(stream(2, "\"n\":1")));
    assertThat(read).isEqualTo(new Read("One two", read.ids(), 1, 1, "length", ""));
  }

  @Test
  void client10_getsAPlainStream() throws Exception {
    startPool(first.uri(), second.uri());
    Read own = Read.of(unbroken(stream(40)));
    first.fault(ArmedFault.once(new Fault.CutMidStream(6)));
    byte[] body = stream(40).getBytes(StandardCharsets.UTF_8);
    RawHttp client = client();
    client.send(
        "POST /v1/chat/completions HTTP/1.0\r\nx-request-id: same\r\n"
            + "content-type: application/json\r\ncontent-length: "
            + body.length
            + "\r\n\r\n");
    client.send(body);
    assertThat(client.head().status()).isEqualTo(200);
    String rest =
        new String(client.rest().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    assertThat(Read.of(rest)).isEqualTo(own);
  }

  @Test
  void client_thatLeavesWhileItWaits_takesTheSecondRequestWithIt() throws Exception {
    startPool(first.uri(), second.uri());
    first.fault(ArmedFault.once(new Fault.CutMidStream(3)));
    second.fault(new Fault.HangBeforeHead());
    RawHttp client = client();
    client.post(Chat.PATH, stream(40));
    client.head();
    await().atMost(LONG).until(() -> second.running() == 1);
    client.close();
    await().atMost(LONG).until(() -> second.aborted() == 1);
    gateway().awaitIdle();
    assertThat(accessLog(0)).contains("\"client_gone\"");
    assertThat(resumptions("failed")).isZero();
  }

  @Test
  void client_thatLeavesAfterwards_takesTheSecondRequestWithIt() throws Exception {
    startPool(first.uri(), second.uri());
    first.fault(ArmedFault.once(new Fault.CutMidStream(3)));
    second.fault(new Fault.HangMidStream(3));
    RawHttp client = client();
    client.post(Chat.PATH, stream(40));
    client.head();
    await().atMost(LONG).until(() -> resumptions("resumed") == 1);
    client.close();
    await().atMost(LONG).until(() -> second.aborted() == 1);
    assertThat(accessLog(0)).contains("\"client_gone\"");
  }
}
