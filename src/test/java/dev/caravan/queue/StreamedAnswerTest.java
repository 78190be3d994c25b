package dev.caravan.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The events of a stream become the answer that would have come at once. */
class StreamedAnswerTest {

  private static StreamedAnswer read(String... events) {
    StreamedAnswer answer = new StreamedAnswer();
    Arrays.stream(events).map(event -> event.replace('\'', '"')).forEach(answer::add);
    return answer;
  }

  private static JsonObject whole(String... events) {
    StreamedAnswer answer = read(events);
    assertThat(answer.broken()).isFalse();
    return new JsonObject(answer.json().toString(StandardCharsets.UTF_8));
  }

  private static JsonObject json(String text) {
    return new JsonObject(text.replace('\'', '"'));
  }

  @Test
  void chat_isAMessage() {
    assertThat(
            whole(
                "{'id':'c1','object':'chat.completion.chunk','created':7,'model':'m','choices':"
                    + "[{'index':0,'delta':{'role':'assistant','content':''},'finish_reason':null}]}",
                "{'id':'c1','object':'chat.completion.chunk','created':7,'model':'m','choices':"
                    + "[{'index':0,'delta':{'content':'Hel'},'finish_reason':null}]}",
                "{'id':'c1','object':'chat.completion.chunk','created':7,'model':'m','choices':"
                    + "[{'index':0,'delta':{'content':'lo'},'finish_reason':'stop'}]}",
                "{'id':'c1','object':'chat.completion.chunk','created':7,'model':'m','choices':[],"
                    + "'usage':{'prompt_tokens':3,'completion_tokens':2}}"))
        .isEqualTo(
            json(
                "{'id':'c1','object':'chat.completion','created':7,'model':'m','choices':"
                    + "[{'index':0,'message':{'role':'assistant','content':'Hello'},"
                    + "'finish_reason':'stop'}],"
                    + "'usage':{'prompt_tokens':3,'completion_tokens':2}}"));
  }

  /** What no such answer has makes it a broken one, and is no failure of the gateway. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'choices':[null]}",
        "{'choices':[7]}",
        "{'choices':{}}",
        "{'choices':[{'index':null}]}",
        "{'choices':[{'index':'a'}]}",
        "{'choices':[{'index':{}}]}",
        "{'choices':[{'index':0,'delta':[]}]}",
        "{'choices':[{'message':'a'},{'delta':{'content':'b'}}]}",
        "{'choices':[{'delta':{'tool_calls':[{'index':-1}]}}]}",
        "{'choices':[{'delta':{'tool_calls':['a',{'index':0,'id':'b'}]}}]}",
        "{'type':'response.completed','response':null}",
        "{'type':'response.completed','response':[]}",
        "{'type':'response.completed'}",
        "null",
        "[]",
        "7",
        ""
      })
  void anEventThatBelongsIntoNoAnswer_breaksIt(String event) {
    assertThat(read(event).broken()).as(event).isTrue();
  }

  @Test
  void severalChoices_areInOrder_whateverTheOrderOfTheirEvents() {
    JsonArray choices =
        whole(
                "{'choices':[{'index':1,'delta':{'content':'b'}}]}",
                "{'choices':[{'index':0,'delta':{'content':'a'}}]}",
                "{'choices':[{'index':1,'delta':{'content':'B'},'finish_reason':'length'}]}")
            .getJsonArray("choices");
    assertThat(choices.getJsonObject(0).getJsonObject("message").getString("content"))
        .isEqualTo("a");
    assertThat(choices.getJsonObject(1))
        .isEqualTo(json("{'index':1,'message':{'content':'bB'},'finish_reason':'length'}"));
  }

  @Test
  void toolCalls_arePutTogetherByTheirIndex() {
    assertThat(
            whole(
                    "{'choices':[{'index':0,'delta':{'role':'assistant','content':null,'tool_calls':"
                        + "[{'index':0,'id':'t0','type':'function','function':"
                        + "{'name':'add','arguments':''}}]}}]}",
                    "{'choices':[{'index':0,'delta':{'tool_calls':"
                        + "[{'index':0,'function':{'arguments':'{\\\"a\\\":'}}]}}]}",
                    "{'choices':[{'index':0,'delta':{'tool_calls':[{'index':1,'id':'t1','type':"
                        + "'function','function':{'name':'now','arguments':'{}'}}]}}]}",
                    "{'choices':[{'index':0,'delta':{'tool_calls':"
                        + "[{'index':0,'function':{'arguments':'1}'}}]},"
                        + "'finish_reason':'tool_calls'}]}")
                .getJsonArray("choices")
                .getJsonObject(0)
                .getJsonObject("message")
                .getJsonArray("tool_calls"))
        .isEqualTo(
            new JsonArray()
                .add(
                    new JsonObject()
                        .put("id", "t0")
                        .put("type", "function")
                        .put(
                            "function",
                            new JsonObject().put("name", "add").put("arguments", "{\"a\":1}")))
                .add(
                    new JsonObject()
                        .put("id", "t1")
                        .put("type", "function")
                        .put(
                            "function",
                            new JsonObject().put("name", "now").put("arguments", "{}"))));
  }

  @Test
  void completion_isAText_andLogprobsAreJoined() {
    assertThat(
            whole(
                "{'object':'text_completion','choices':[{'index':0,'text':'a',"
                    + "'logprobs':{'tokens':['a'],'token_logprobs':[-1]}}]}",
                "{'object':'text_completion','choices':[{'index':0,'text':'b',"
                    + "'logprobs':{'tokens':['b'],'token_logprobs':[-2]},'finish_reason':'stop'}]}"))
        .isEqualTo(
            json(
                "{'object':'text_completion','choices':[{'index':0,'text':'ab','logprobs':"
                    + "{'tokens':['a','b'],'token_logprobs':[-1,-2]},'finish_reason':'stop'}]}"));
  }

  @Test
  void response_isWhatItsLastEventHolds() {
    assertThat(
            whole(
                "{'type':'response.created','response':{'id':'r','status':'in_progress'}}",
                "{'type':'response.output_text.delta','delta':'Hi'}",
                "{'type':'response.completed','response':{'id':'r','status':'completed'}}"))
        .isEqualTo(json("{'id':'r','status':'completed'}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'error':{'message':'no'}}",
        "not json",
        "{'type':'response.failed','response':{}}",
        "{'choices':7}",
        "{'choices':[{'index':0,'delta':'text'}]}"
      })
  void eventThatIsNoPartOfAnAnswer_breaksIt(String event) {
    assertThat(read("{'choices':[{'index':0,'delta':{'content':'a'}}]}", event).broken()).isTrue();
  }

  @Test
  void streamWithoutEvents_isNoAnswer() {
    assertThat(read().broken()).isTrue();
  }
}
