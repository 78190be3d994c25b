package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.ArmedFault;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.io.EOFException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams that break off and cannot be resumed end with an honest error. */
class ResumeRefusedTest extends Resuming {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]",
        "\"functions\":[{\"name\":\"f\"}]",
        "\"response_format\":{\"type\":\"json_object\"}",
        "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}",
        "\"guided_json\":{}",
        "\"guided_regex\":\"a*\"",
        "\"guided_choice\":[\"a\"]",
        "\"guided_grammar\":\"g\"",
        "\"structured_outputs\":{\"choice\":[\"a\"]}",
        "\"ebnf\":\"x\"",
        "\"regex\":\"x\"",
        "\"json_schema\":\"{}\"",
        "\"n\":2",
        "\"best_of\":2",
        "\"logprobs\":true",
        "\"top_logprobs\":2",
        "\"echo\":true",
        "\"modalities\":[\"text\",\"audio\"]",
        "\"audio\":{\"voice\":\"x\"}",
        "\"continue_final_message\":true,\"add_generation_prompt\":false,\"messages\":[]",
      })
  void request_ofSuchAKind_isRefused(String field) throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "Hi"));
    ScriptedServer other = saying(done());
    startPool(dying.uri(), other.uri());
    isCut(ask(stream(40, field)), "stream_interrupted");
    assertThat(other.connections()).isZero();
    assertThat(resumptions("refused")).isEqualTo(1);
    assertThat(accessLog(0)).contains("\"failed_after_first_byte\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"none\"",
        "\"tools\":[]",
        "\"response_format\":{\"type\":\"text\"}",
        "\"n\":1",
        "\"logprobs\":false,\"top_logprobs\":0",
        "\"modalities\":[\"text\"]",
        "\"guided_json\":null",
        "\"continue_final_message\":false,\"add_generation_prompt\":true",
      })
  void request_withSuchAFieldThatSaysNothing_isResumed(String field) throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "Hi"));
    ScriptedServer other = saying(role("b"), event("b", " you"), finish("b", "stop"), done());
    startPool(dying.uri(), other.uri());
    assertThat(Read.of(ask(stream(40, field))).text()).isEqualTo("Hi you");
    assertThat(
            Chat.json(other.requests().get(0).body()).at("/add_generation_prompt").asBoolean(true))
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"reasoning_content\":\"hm\"}",
        "{\"reasoning\":\"hm\"}",
        "{\"tool_calls\":[{\"index\":0,\"id\":\"x\"}]}",
        "{\"refusal\":\"no\"}",
      })
  void answer_ofSuchAKind_isRefused(String delta) throws Exception {
    String half = "data: {\"half";
    ScriptedServer dying = saying(role("a"), event("a", delta, ""), event("a", "Hi"), half);
    ScriptedServer other = saying(done());
    startPool(dying.uri(), other.uri());
    RawHttp.Answer answer = ask(stream(40));
    isCut(answer, "stream_interrupted");
    assertThat(answer.text())
        .startsWith(role("a") + event("a", delta, "") + event("a", "Hi") + half + "\n\n");
    assertThat(other.connections()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"reasoning_content\":\"hm\"}",
        "{\"tool_calls\":[{\"index\":0,\"id\":\"x\"}]}",
      })
  void sibling_thatSaysWhatCannotFollow_isStopped(String delta) throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "Hi"));
    ScriptedServer other =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              peer.chunk(role("b") + event("b", " you") + event("b", delta, ""));
              peer.awaitLeft();
            });
    startPool(dying.uri(), other.uri());
    RawHttp.Answer answer = ask(stream(40));
    isCut(answer, "stream_interrupted");
    assertThat(answer.text()).contains("\"content\":\" you\"").doesNotContain("hm", "tool_calls");
    await().atMost(LONG).until(() -> other.left() == 1);
  }

  @Test
  void thoughtsInTheText_areRefused() throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "<think>hm"));
    startPool(dying.uri(), saying(done()).uri());
    isCut(ask(stream(40)), "stream_interrupted");
  }

  @Test
  void usageThatIsMissing_isNotMadeUp() throws Exception {
    ScriptedServer dying = saying(role("a"), event("a", "Hi"), finish("a", "stop"));
    startPool(dying.uri(), saying(done()).uri());
    isCut(ask(stream(40)), "stream_interrupted");
    assertThat(resumptions("refused")).isEqualTo(1);
  }

  @Test
  void sibling_thatTakesNoPrefill_isAskedOnce() throws Exception {
    SimulatedServer dying = simulated("twin");
    SimulatedServer strict =
        simulated(SimulatedServer.builder(vertx).name("twin").speedup(100).prefill(false));
    startPool(dying.uri(), strict.uri());
    dying.fault(ArmedFault.once(new Fault.CutMidStream(5)));
    try (CapturedLog log = CapturedLog.of("dev.caravan.route.Resumptions")) {
      isCut(ask(stream(40)), "stream_interrupted");
      assertThat(log.lines()).singleElement().asString().contains("failed", "gpu-1", "status 400");
    }
    assertThat(strict.received()).isEqualTo(1);
    assertThat(resumptions("failed")).isEqualTo(1);
    assertThat(gateway().meters().get("caravan.backend.attempts").tag("backend", "gpu-1").counter())
        .satisfies(c -> assertThat(c.getId().getTag("outcome")).isEqualTo("client_error"));
  }

  @Test
  void siblings_thatAreAllDead_leaveTheError() throws Exception {
    SimulatedServer dying = simulated("twin");
    SimulatedServer dead = simulated("twin");
    SimulatedServer full = simulated("twin");
    startPool(dying.uri(), dead.uri(), full.uri());
    dead.fault(new Fault.Refuse());
    full.fault(new Fault.Status(429));
    dying.fault(ArmedFault.once(new Fault.CutMidStream(5)));
    isCut(ask(stream(40)), "stream_interrupted");
    assertThat(resumptions("failed")).isEqualTo(1);
  }

  @Test
  void poolOfOneServer_leavesTheError() throws Exception {
    SimulatedServer dying = simulated("twin");
    startPool(dying.uri());
    dying.fault(ArmedFault.once(new Fault.CutMidStream(5)));
    isCut(ask(stream(40)), "stream_interrupted");
    assertThat(dying.received()).isEqualTo(1);
  }

  @Test
  void answerThatTakesTooLong_isNotResumed() throws Exception {
    SimulatedServer slow = simulated(SimulatedServer.builder(vertx).speedup(1));
    SimulatedServer other = simulated("other");
    startPool(List.of("totalTimeout: 600ms"), slow.uri(), other.uri());
    isCut(ask(stream(10_000)), "stream_timeout");
    assertThat(other.received()).isZero();
  }

  @Test
  void answerInOnePiece_endsEarly() throws Exception {
    SimulatedServer dying = simulated("twin");
    SimulatedServer other = simulated("twin");
    startPool(dying.uri(), other.uri());
    dying.fault(ArmedFault.once(new Fault.CutMidStream(0)));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"));
    assertThatThrownBy(client::answer).isInstanceOf(EOFException.class);
    assertThat(other.received()).isZero();
  }

  @Test
  void streamThatIsNoneOfEvents_passesAsItCame() throws Exception {
    ScriptedServer odd =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              peer.chunk("\u001f\u008bno lines at all");
              peer.chunk("and more");
              peer.chunk("");
            });
    startPool(odd.uri());
    assertThat(ask(stream(40)).text()).isEqualTo("\u001f\u008bno lines at alland more");
  }
}
