package dev.caravan.route.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Secret;
import dev.caravan.route.server.Servers.Mention;
import dev.caravan.testing.CapturedLog;
import dev.caravan.upstream.TlsClients;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the files of keys hold counts, and what is no key does not. */
class KeyFilesTest {
  private static final String FIRST = "canary-1";
  private static final String SECOND = "canary-2";

  @TempDir Path directory;

  private final List<String> told = new ArrayList<>();
  private final Servers servers =
      new Servers(
          new Fleet(backend -> {}, backend -> {}),
          new TlsClients(),
          name -> null,
          (name, drain) -> told.add(name + " drain=" + drain));
  private final KeyFiles files =
      new KeyFiles(servers, (name, drain) -> told.add(name + " drain=" + drain));

  private Path file() {
    return directory.resolve("key");
  }

  private Mention says(String name, String... more) {
    Map<String, String> given =
        new java.util.TreeMap<>(Map.of("url", "http://10.0.0.1:80", "apiKey", "file:" + file()));
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    return new Mention(name, servers.said(name, given));
  }

  private void change(Mention... mentions) {
    servers.stage();
    for (Mention mention : mentions) {
      servers.named(mention.name(), mention.said());
    }
    servers.commit(servers.plan(List.of(mentions)));
    told.clear();
  }

  private String key(String name) {
    Secret key = Objects.requireNonNull(servers.find(name)).parameters().spec().apiKey();
    return Objects.requireNonNull(key).reveal();
  }

  private void holds(String text) throws IOException {
    Files.writeString(file(), text);
  }

  @Test
  void look_anotherKey_isThatOfEveryServerWithTheFile_andTheyAreToldOf() throws IOException {
    holds(FIRST);
    Mention other =
        new Mention("c", servers.said("c", Map.of("url", "http://h", "apiKey", "as-it-is")));
    change(says("a"), says("b", "drain", "true"), other);
    files.look();
    assertThat(told).isEmpty();
    holds(SECOND + "\n");
    files.look();
    assertThat(key("a")).isEqualTo(SECOND);
    assertThat(key("b")).isEqualTo(SECOND);
    assertThat(key("c")).isEqualTo("as-it-is");
    assertThat(told).containsExactlyInAnyOrder("a drain=false", "b drain=true");
    files.look();
    assertThat(told).hasSize(2);
  }

  @Test
  void look_aServerThatLeaves_hasTheNewKeyForWhatItStillDoes() throws IOException {
    holds(FIRST);
    change(says("a"), says("b"));
    change(says("a"));
    holds(SECOND);
    files.look();
    assertThat(key("b")).isEqualTo(SECOND);
    assertThat(told).containsExactly("a drain=false");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "  \n", "canary\nx: y", "canary key", "canary\u00e4", "gone", "large"})
  void look_noKey_keepsTheFormer_andSaysSoOnce_withoutIt(String text) throws IOException {
    holds(FIRST);
    change(says("a"));
    if (text.equals("gone")) {
      Files.delete(file());
    } else {
      holds(text.equals("large") ? "canary".repeat(20_000) : text);
    }
    try (CapturedLog log = CapturedLog.of(KeyFiles.class.getName())) {
      files.look();
      assertThat(log.lines()).isEmpty(); // somebody may be writing it
      files.look();
      files.look();
      assertThat(log.lines())
          .singleElement()
          .asString()
          .startsWith("ERROR apiKey: the file " + file())
          .contains("the key is as it was")
          .doesNotContain("canary");
      assertThat(key("a")).isEqualTo(FIRST);
      holds(SECOND);
      files.look();
      assertThat(key("a")).isEqualTo(SECOND);
    }
  }

  @Test
  void endpointThatSaysTheSame_isTheServerItWas_whateverTheFileHoldsNow() throws IOException {
    holds(FIRST);
    change(says("a"));
    Servers.Server before = servers.find("a");
    holds(SECOND);
    change(says("a"));
    assertThat(servers.find("a")).isSameAs(before);
    files.look();
    assertThat(key("a")).isEqualTo(SECOND);
  }
}
