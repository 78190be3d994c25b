package dev.caravan.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.local.LocalAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientAddressTest {
  private final ClientAddress addresses =
      new ClientAddress(List.of("10.0.0.0/8", " 192.168.1.1", "fd00::/8", "2001:db8::1"));

  private static ConversationHeaders headers(
      @Nullable String forwardedFor, @Nullable String forwarded) {
    ConversationHeaders said = new ConversationHeaders();
    if (forwardedFor != null) {
      said.other("x-forwarded-for", forwardedFor);
    }
    if (forwarded != null) {
      said.other("forwarded", forwarded);
    }
    return said;
  }

  private @Nullable String client(
      String peer, @Nullable String forwardedFor, @Nullable String forwarded) {
    return addresses.of(new InetSocketAddress(peer, 5), headers(forwardedFor, forwarded));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "203.0.113.9 |                                     | 203.0.113.9",
        "203.0.113.9 | 198.51.100.1                        | 203.0.113.9",
        "10.1.2.3    |                                     | 10.1.2.3",
        "10.1.2.3    | 198.51.100.1                        | 198.51.100.1",
        "10.1.2.3    | 198.51.100.1:4711                   | 198.51.100.1",
        "10.1.2.3    | 6.6.6.6, 198.51.100.1               | 198.51.100.1",
        "10.1.2.3    | 6.6.6.6,198.51.100.1 , 10.9.9.9     | 198.51.100.1",
        "10.1.2.3    | 10.8.8.8, 10.9.9.9                  | 10.8.8.8",
        "10.1.2.3    | 198.51.100.1, unknown               |",
        "10.1.2.3    | 198.51.100.1, unknown, 10.9.9.9     |",
        "192.168.1.1 | 198.51.100.1                        | 198.51.100.1",
        "192.168.1.2 | 198.51.100.1                        | 192.168.1.2",
        "fd12::1     | 2001:db8::7                         | 2001:db8::7",
        "fd12::1     | [2001:db8::7]:99                    | 2001:db8::7",
        "2001:db8::1 | 198.51.100.1                        | 198.51.100.1",
        "2001:db8::2 | 198.51.100.1                        | 2001:db8::2",
      })
  void of_forwardedFor_countsAsFarAsProxiesAreTrusted(
      String peer, @Nullable String forwardedFor, @Nullable String client) {
    assertThat(client(peer, forwardedFor, null)).isEqualTo(client);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "for=198.51.100.1                                  | 198.51.100.1",
        "for=\"[2001:db8::7]:4711\";proto=https            | 2001:db8::7",
        "For=6.6.6.6, proto=http;FOR=\"198.51.100.1:80\"   | 198.51.100.1",
        "for=198.51.100.1, for=10.0.0.5;by=10.0.0.6        | 198.51.100.1",
        "for=198.51.100.1, by=10.0.0.6                     |",
        "for=_hidden                                       |",
        "for=\"[2001:db8::7\"                              |",
      })
  void of_forwarded_isReadAsRfc7239SaysIt(String forwarded, @Nullable String client) {
    assertThat(client("10.1.2.3", null, forwarded)).isEqualTo(client);
    assertThat(client("203.0.113.9", null, forwarded)).isEqualTo("203.0.113.9");
  }

  @Test
  void of_bothHeaders_theOlderCounts() {
    assertThat(client("10.1.2.3", "198.51.100.1", "for=198.51.100.2")).isEqualTo("198.51.100.1");
  }

  @Test
  void of_linesOfOneName_areOneList() {
    ConversationHeaders said = headers("198.51.100.1", null);
    said.other("x-forwarded-for", "10.9.9.9");
    assertThat(addresses.of(new InetSocketAddress("10.1.2.3", 5), said)).isEqualTo("198.51.100.1");
  }

  @Test
  void of_somethingElseThanASocket_isUnknown() {
    assertThat(addresses.of(new LocalAddress("x"), headers(null, null))).isNull();
    assertThat(addresses.of(null, headers(null, null))).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10.1.2.3    | https         |                       | true",
        "10.1.2.3    | HTTPS         |                       | true",
        "10.1.2.3    | https, http   |                       | false",
        "10.1.2.3    |               | for=1.2.3.4;proto=https | true",
        "10.1.2.3    |               | for=1.2.3.4           | false",
        "10.1.2.3    |               |                       | false",
        "203.0.113.9 | https         |                       | false",
      })
  void securely_isWhatATrustedProxySays(
      String peer, @Nullable String proto, @Nullable String forwarded, boolean secure) {
    ConversationHeaders said = headers(null, forwarded);
    if (proto != null) {
      said.other("x-forwarded-proto", proto);
    }
    assertThat(addresses.securely(new InetSocketAddress(peer, 5), said)).isEqualTo(secure);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "proxy", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/x", "fd00::/129"})
  void new_whatIsNoNetwork_isRefused(String text) {
    assertThatThrownBy(() -> new ClientAddress(List.of(text)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\" is no address or network such as 10.0.0.0/8");
  }
}
