package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.RawHttp;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a route says of a conversation counts more than what the request says. */
class ConversationInRouteTest extends EndToEnd {

  private void startWith(String step) throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).parameters("affinity: soft");
    for (String name : List.of("a", "b", "c")) {
      pool.server(name, simulated(name).uri());
    }
    String route =
        pool.text()
            .replace(
                "      steps:\n        - loadBalance:",
                "      steps:\n        - setProperty:\n" + step + "        - loadBalance:");
    start(route, Map.of("caravan.http.pass-headers", "x-my-session"));
  }

  /** Where requests of thirty sessions by that header go, each twice, and to the same. */
  private Set<String> homes(String header) throws Exception {
    Set<String> homes = new HashSet<>();
    for (int i = 0; i < 30; i++) {
      RawHttp.Answer one = ask(Chat.whole("n" + i), header + ": s" + i);
      RawHttp.Answer two = ask(Chat.whole("m" + i), header + ": s" + i);
      assertThat(one.head().header("x-caravan-affinity")).isEqualTo("owner");
      assertThat(two.head().header("x-caravan-backend"))
          .isEqualTo(one.head().header("x-caravan-backend"));
      homes.add(one.head().header("x-caravan-backend"));
    }
    return homes;
  }

  @Test
  void expression_namesTheConversation() throws Exception {
    startWith(
        "            name: caravan.conversation\n            simple: \"${header.x-my-session}\"\n");
    assertThat(homes("x-my-session")).hasSize(3);
  }

  @Test
  void expressionThatGivesNothing_leavesWhatWasFound() throws Exception {
    startWith(
        "            name: caravan.conversation\n            simple: \"${header.x-my-session}\"\n");
    assertThat(homes("x-session-id")).hasSize(3);
  }

  @Test
  void constant_countsMoreThanAHeader() throws Exception {
    startWith("            name: caravan.conversation\n            constant: all-the-same\n");
    assertThat(homes("x-session-id")).hasSize(1);
  }

  @Test
  void emptyText_isNoConversation() throws Exception {
    startWith("            name: caravan.conversation\n            constant: \" \"\n");
    Set<String> backends = new HashSet<>();
    for (int i = 0; i < 3; i++) {
      RawHttp.Answer answer = ask(Chat.whole("hello"), "x-session-id: s");
      assertThat(answer.head().header("x-caravan-affinity")).isNull();
      backends.add(answer.head().header("x-caravan-backend"));
    }
    assertThat(backends).hasSize(3);
  }
}
