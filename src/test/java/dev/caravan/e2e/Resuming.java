package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import io.micrometer.core.instrument.Counter;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What tests of resumed streams share. */
abstract class Resuming extends EndToEnd {
  /** Waits for the last of what a script sends. */
  private static final String LAST = "data: [DONE]\n\n";

  /** A pool that resumes, with servers gpu-0, gpu-1 and so on, of which the first is preferred. */
  void startPool(List<String> parameters, URI... servers) throws Exception {
    startPool(parameters, Map.of(), servers);
  }

  void startPool(List<String> parameters, Map<String, String> properties, URI... servers)
      throws Exception {
    // No number of deaths takes a server out: each request of a test meets the one that dies.
    PoolYaml pool =
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .breaker("minimumNumberOfCalls: 1000, slidingWindowSize: 1000")
            .parameters("resume: on")
            .parameters("ejectAfter: 0");
    parameters.forEach(pool::parameters);
    for (int i = 0; i < servers.length; i++) {
      pool.server("gpu-" + i, servers[i], "weight: " + Math.max(1, 256 >> (8 * i)));
    }
    start(pool.text(), properties);
  }

  void startPool(URI... servers) throws Exception {
    startPool(List.of(), servers);
  }

  static String stream(int tokens) {
    return stream(tokens, "\"stream_options\":{\"include_usage\":true}");
  }

  static String stream(int tokens, String fields) {
    return stream("How far is it?", tokens, fields);
  }

  static String stream(String content, int tokens, String fields) {
    String limits = ",\"max_tokens\":" + tokens + ",\"min_tokens\":" + tokens;
    return Chat.body(content, "\"stream\":true," + fields + limits);
  }

  /** A server that answers each request with those events and then dies, or ends well. */
  ScriptedServer saying(String... events) throws IOException {
    return scripted(
        (peer, connection) -> {
          while (peer.request() != null) {
            peer.send(StreamTest.STREAM_HEAD);
            for (String event : events) {
              peer.chunk(event);
            }
            if (!events[events.length - 1].equals(LAST)) {
              return;
            }
            peer.chunk("");
          }
        });
  }

  /** An event of a chat whose answer has that id. */
  static String event(String id, String delta, String more) {
    return "data: {\"id\":\""
        + id
        + "\",\"object\":\"chat.completion.chunk\",\"created\":1"
        + id.length()
        + ",\"model\":\"m-"
        + id
        + "\",\"system_fingerprint\":\"fp-"
        + id
        + "\",\"choices\":[{\"index\":0,\"delta\":"
        + delta
        + ",\"finish_reason\":null}]"
        + more
        + "}\n\n";
  }

  static String event(String id, String content) {
    return event(id, "{\"content\":" + Chat.quoted(content) + "}", "");
  }

  static String role(String id) {
    return event(id, "{\"role\":\"assistant\",\"content\":\"\"}", "");
  }

  static String finish(String id, String reason) {
    return event(id, "{}", "").replace("null}]", "\"" + reason + "\"}]");
  }

  static String usage(String id, int prompt, int completion) {
    String usage =
        ",\"usage\":{\"prompt_tokens\":"
            + prompt
            + ",\"total_tokens\":"
            + (prompt + completion)
            + ",\"completion_tokens\":"
            + completion
            + "}";
    String event = event(id, "{}", usage);
    int from = event.indexOf('[');
    return event.substring(0, from + 1) + event.substring(event.indexOf(']'));
  }

  static String done() {
    return LAST;
  }

  /** What a client makes of a stream. */
  record Read(String text, Set<String> ids, int roles, int ends, String finish, String usage) {

    static Read of(RawHttp.Answer answer) throws Exception {
      assertThat(answer.status()).isEqualTo(200);
      return of(answer.text());
    }

    static Read of(String stream) throws Exception {
      StringBuilder text = new StringBuilder();
      Set<String> ids = new TreeSet<>();
      int roles = 0;
      int ends = 0;
      String finish = "";
      String usage = "";
      for (String event : Chat.events(stream)) {
        if (event.equals("[DONE]")) {
          ends++;
          continue;
        }
        JsonNode json = Chat.json(event);
        assertThat(json.has("error")).as(event).isFalse();
        ids.add(
            String.join(
                " ",
                json.at("/id").asText(),
                json.at("/created").asText(),
                json.at("/model").asText(),
                json.at("/system_fingerprint").asText()));
        JsonNode choice = json.at("/choices/0");
        text.append(choice.at("/delta/content").asText(""));
        text.append(choice.at("/text").asText(""));
        roles += choice.at("/delta").has("role") ? 1 : 0;
        if (choice.at("/finish_reason").isTextual()) {
          finish = choice.at("/finish_reason").asText();
        }
        if (json.at("/usage").isObject()) {
          usage = json.at("/usage").toString();
        }
      }
      return new Read(text.toString(), ids, roles, ends, finish, usage);
    }
  }

  static void isCut(RawHttp.Answer answer, String code) throws Exception {
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).doesNotContain("[DONE]").endsWith("\n\n");
    List<String> events = Chat.events(answer.text());
    assertThat(Chat.json(events.get(events.size() - 1)).at("/error/code").asText()).isEqualTo(code);
    assertThat(events.subList(0, events.size() - 1))
        .isNotEmpty()
        .noneMatch(event -> event.contains("error"));
  }

  double resumptions(String result) {
    Counter counter =
        gateway()
            .meters()
            .find("caravan.resumptions")
            .tag("pool", PoolYaml.MODEL)
            .tag("result", result)
            .counter();
    return counter == null ? 0 : counter.count();
  }

  String accessLog(int line) throws Exception {
    await().atMost(LONG).until(() -> gateway().accessLog().size() > line);
    return gateway().accessLog().get(line);
  }
}
