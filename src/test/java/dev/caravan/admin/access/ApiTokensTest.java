package dev.caravan.admin.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.tenant.Digest;
import dev.caravan.testing.CapturedLog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which tokens count, and what becomes of a file that is wrong. */
class ApiTokensTest {
  @TempDir Path directory;

  private static String line(String name, String role, String token) {
    return name + " " + role + " sha256:" + Digest.of(token).hex();
  }

  private static ApiTokens.@Nullable Token find(ApiTokens tokens, String token) {
    return tokens.find(Digest.of(token));
  }

  @Test
  void digest_isThatOfSha256sum() {
    assertThat(Digest.of("abc").hex())
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  @Test
  void file_isReadAgain_whenItIsAnother() throws Exception {
    Path file = directory.resolve("tokens");
    Files.writeString(file, "\n# ours\n  " + line("ana", "operator", "one") + "\r\n");
    ApiTokens tokens = new ApiTokens(List.of(line("vera", "viewer", "set")), file);
    ApiTokens.Token ana = find(tokens, "one");
    assertThat(ana).isNotNull();
    assertThat(ana.name()).isEqualTo("ana");
    assertThat(ana.role()).isEqualTo("operator");
    assertThat(find(tokens, "set")).isNotNull();
    assertThat(find(tokens, "two")).isNull();
    Files.writeString(file, line("ana", "operator", "two"));
    assertThat(find(tokens, "two")).isNull();
    tokens.refresh();
    assertThat(find(tokens, "two")).isNotNull();
    assertThat(find(tokens, "one")).isNull();
    assertThat(find(tokens, "set")).isNotNull();
  }

  @Test
  void fileThatIsGoneOrWrong_takesItsTokensWithIt_andIsToldOnce() throws Exception {
    Path file = directory.resolve("tokens");
    Files.writeString(file, line("ana", "operator", "one"));
    ApiTokens tokens = new ApiTokens(List.of(), file);
    try (CapturedLog log = CapturedLog.of(ApiTokens.class.getName())) {
      Files.writeString(file, "bob operator not-a-digest\n" + line("ana", "operator", "one"));
      tokens.refresh();
      tokens.refresh();
      assertThat(find(tokens, "one")).as("the other line counts").isNotNull();
      assertThat(log.lines()).filteredOn(each -> each.contains("tokens:1: the digest")).hasSize(1);
      assertThat(log.lines().toString()).doesNotContain("not-a-digest");
      Files.delete(file);
      tokens.refresh();
      tokens.refresh();
      assertThat(find(tokens, "one")).isNull();
      assertThat(log.lines()).filteredOn(each -> each.contains("cannot be read")).hasSize(1);
      Files.writeString(file, line("ana", "operator", "one"));
      tokens.refresh();
      assertThat(find(tokens, "one")).isNotNull();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ana operator, NAME viewer|operator sha256:HEX",
    "ana admin sha256:aa, the role must be viewer or operator",
    "ana operator sha256:aa, the digest must be sha256: and 64 hex digits",
    "ana operator md5:aa, the digest must be",
    "a\u0007na operator sha256:aa, a name has up to 64",
    "ana operator sha256:aa more, NAME viewer|operator sha256:HEX",
  })
  void wrongLine_stopsTheStart_andIsNotRepeated(String line, String says) throws Exception {
    assertThatThrownBy(() -> new ApiTokens(List.of(line), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("caravan.admin.auth.tokens: ")
        .hasMessageContaining(says)
        .message()
        .doesNotContain("aa");
    Path file = directory.resolve("tokens");
    Files.writeString(file, "# first\n" + line);
    assertThatThrownBy(() -> new ApiTokens(List.of(), file)).hasMessageContaining("tokens:2: ");
  }

  @Test
  void missingFile_stopsTheStart() {
    assertThatThrownBy(() -> new ApiTokens(List.of(), directory.resolve("none")))
        .hasMessageContaining("cannot be read");
  }
}
