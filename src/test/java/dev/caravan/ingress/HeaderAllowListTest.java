package dev.caravan.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.tenant.Shown;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeaderAllowListTest {

  @Property(tries = 500)
  void find_anyNames_agreesWithAMap(
      @ForAll("names") List<String> listed, @ForAll("names") List<String> asked) {
    Map<String, String> map = new HashMap<>();
    listed.forEach(name -> map.put(name.toLowerCase(Locale.ROOT), name));
    HeaderAllowList list = new HeaderAllowList(listed);
    List<String> all = new ArrayList<>(asked);
    listed.forEach(name -> all.add(name.toUpperCase(Locale.ROOT)));
    for (String name : all) {
      String lower = name.toLowerCase(Locale.ROOT);
      assertThat(list.find(name)).isEqualTo(map.containsKey(lower) ? lower : null);
    }
  }

  /** Few characters, so that names meet and hashes collide. */
  @Provide
  Arbitrary<List<String>> names() {
    return Arbitraries.strings()
        .withChars("abX-9_")
        .ofMinLength(1)
        .ofMaxLength(4)
        .list()
        .ofMaxSize(30);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "connection",
        "Keep-Alive",
        "TE",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
        "content-type",
        "content-encoding",
        "expect",
        "accept-encoding",
        "x-request-id",
        "proxy-authorization",
        "CamelHttpUri",
        "camelfoo",
        "org.apache.camel.x",
        "kafka.KEY",
        "JMSType",
        "breadcrumbId",
        "X-Caravan-Pool",
        "a b",
        "a:b",
        "a\r\nb",
        "\u00e4"
      })
  void new_nameThatMustNotPass_isRefused(String name) {
    assertThatThrownBy(() -> new HeaderAllowList(List.of(name)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("pass-headers");
  }

  @Test
  void lines_clientsHeaders_passesTheListedOnesOnly() {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.add("User-Agent", "me").add("CamelHttpUri", "http://evil").add("authorization", "key");
    headers.add("USER-AGENT", "again").add("user-agentx", "no").add("user-agen", "no");
    List<String> told = new ArrayList<>();
    new HeaderAllowList(List.of(" user-AGENT ", "")).lines(headers, telling(told));
    assertThat(told).containsExactly("user-agent=me", "user-agent=again");
  }

  private static HeaderAllowList.Receiver telling(List<String> told) {
    return new HeaderAllowList.Receiver() {
      @Override
      public void passed(String name, String value) {
        told.add(name + "=" + value);
      }

      @Override
      public void own(String name, String value) {
        told.add("own " + name + "=" + value);
      }

      @Override
      public void key(int place, String value) {
        told.add("key " + place + "=" + value);
      }

      @Override
      public void other(String name, String value) {
        told.add("other " + name + "=" + value);
      }

      @Override
      public void trace(String name, String value) {
        told.add("trace " + name + "=" + value);
      }

      @Override
      public void credentials(String name, String value) {
        told.add("credentials " + name + "=" + value);
      }
    };
  }

  @Test
  void lines_theGatewaysOwn_areReadAndDoNotPassUnlessListed() {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.add("X-Caravan-Timeout-Ms", "50").add("x-stainless-retry-count", "2").add("x-c", "1");
    List<String> told = new ArrayList<>();
    HeaderAllowList list = new HeaderAllowList(List.of("x-stainless-retry-count"));
    list.lines(headers, telling(told));
    assertThat(told)
        .containsExactly(
            "own x-caravan-timeout-ms=50",
            "own x-stainless-retry-count=2",
            "x-stainless-retry-count=2");
    assertThat(list.find("x-caravan-timeout-ms")).isNull();
  }

  @Test
  void lines_keysOfConversations_areReadOnceEach_andDoNotPassUnlessListed() {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.add("X-Session-Id", "s").add("session-id", "t").add("Cookie", "c=1").add("x-c", "1");
    List<String> told = new ArrayList<>();
    HeaderAllowList list =
        new HeaderAllowList(
            List.of("x-session-id"),
            List.of("", "session-id", "x-session-id"),
            Set.of("cookie"),
            Set.of(),
            List.of());
    list.lines(headers, telling(told));
    assertThat(told).containsExactly("key 2=s", "x-session-id=s", "key 1=t", "other cookie=c=1");
    assertThat(list.find("cookie")).isNull();
    assertThat(list.find("session-id")).isNull();
  }

  @Test
  void lines_whatSaysTheTrace_isReadAndPassesToRoutes_butIsNoLine() {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.add("Traceparent", "00-1-2-01").add("tracestate", "a=b").add("x-c", "1");
    List<String> told = new ArrayList<>();
    HeaderAllowList list =
        new HeaderAllowList(
            List.of("traceparent", "x-c"),
            List.of(),
            Set.of(),
            Set.of("traceparent", "tracestate"),
            List.of());
    list.lines(headers, telling(told));
    assertThat(told)
        .containsExactly(
            "trace traceparent=00-1-2-01",
            "traceparent=00-1-2-01",
            "trace tracestate=a=b",
            "x-c=1");
  }

  @Test
  void lines_credentials_areToldWhereTheyAreAskedFor_andAreNoLine() {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.add("Authorization", "Bearer k").add("X-API-Key", "k").add("api-key", "k");
    headers.add("cookie", "a=b").add("x-c", "1");
    List<String> told = new ArrayList<>();
    HeaderAllowList list =
        new HeaderAllowList(List.of(), List.of(), Set.of(), Set.of(), Shown.HEADERS);
    assertThat(list.lines(headers, telling(told))).isSameAs(dev.caravan.upstream.HeaderLines.NONE);
    assertThat(told)
        .containsExactly(
            "credentials authorization=Bearer k",
            "credentials x-api-key=k",
            "credentials api-key=k");
  }

  @Test
  void lines_noneListed_areNone() {
    HttpHeaders headers = new DefaultHttpHeaders().add("a", "b");
    assertThat(new HeaderAllowList(List.of()).lines(headers, telling(new ArrayList<>())))
        .isSameAs(dev.caravan.upstream.HeaderLines.NONE);
  }
}
