package dev.caravan.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.tenant.Clients.Created;
import dev.caravan.tenant.Clients.Unchanged;
import dev.caravan.testing.CapturedLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keys of a file: who they let in, how they change. */
@SuppressWarnings("NullAway.Init") // set before each test
class ClientsTest {
  private static final String ACME = "key-of-acme";
  private static final String BETA = "key-of-beta";

  @TempDir Path directory;
  private Path file;
  private final AtomicLong now =
      new AtomicLong(Instant.parse("2026-01-01T00:00:00Z").toEpochMilli());
  private byte drawn;

  @BeforeEach
  void write() throws IOException {
    file = directory.resolve("clients.json");
    Files.writeString(file, content());
  }

  private static String content() {
    return """
        {"tenants": {"acme": {"requestsPerMinute": 60, "tokensPerMonth": 1000000,
                              "pools": ["llama", "qwen"], "priority": "interactive",
                              "limitsInPools": {"llama": {"tokensPerMinute": 500}}, "weight": 3}},
         "keys": [
           {"id": "acme-1", "tenant": "acme", "sha256": "%s"},
           {"id": "beta-1", "tenant": "beta", "sha256": "%s", "pools": ["llama"],
            "priority": "batch", "expires": "2026-06-01T00:00:00Z", "explain": true}]}
        """
        .formatted(Digest.of(ACME).hex(), Digest.of(BETA).hex());
  }

  private Clients clients() {
    return new Clients(
        file,
        now::get,
        bytes -> {
          drawn++;
          java.util.Arrays.fill(bytes, drawn);
        });
  }

  private static Client client(Standing who) {
    assertThat(who).isInstanceOf(Client.class);
    return (Client) who;
  }

  @Test
  void of_aKey_isItsTenant_withWhatIsSaidOfBoth() {
    Client acme = client(clients().of(ACME));
    assertThat(acme)
        .isEqualTo(
            new Client(
                "acme",
                Client.idOf("acme"),
                "acme-1",
                Priority.INTERACTIVE,
                Set.of("llama", "qwen"),
                new Quota(60, 0, 0, 1_000_000),
                false,
                true,
                Map.of("llama", new Quota(0, 500, 0, 0)),
                3));
    assertThat(acme.quotaIn("llama").tokensPerMinute()).isEqualTo(500);
    assertThat(acme.quotaIn("qwen")).isEqualTo(Quota.UNLIMITED);
    Client beta = client(clients().of(BETA));
    assertThat(beta.highest()).isEqualTo(Priority.BATCH);
    assertThat(beta.pools()).containsExactly("llama");
    assertThat(beta.quota()).isEqualTo(Quota.UNLIMITED);
    assertThat(beta.explain()).isTrue();
    assertThat(acme.id()).isNotEqualTo(beta.id()).isNotZero();
  }

  @Test
  void of_whatIsNoKey_isNobody() {
    Clients clients = clients();
    assertThat(clients.of("other")).isEqualTo(Denied.UNKNOWN);
    assertThat(clients.of(ACME + "x")).isEqualTo(Denied.UNKNOWN);
    assertThat(clients.of(ACME.substring(1))).isEqualTo(Denied.UNKNOWN);
    assertThat(clients.of(Digest.of(ACME).hex())).isEqualTo(Denied.UNKNOWN);
    assertThat(clients.of("k".repeat(30_000))).isEqualTo(Denied.MALFORMED);
  }

  @Test
  void of_anExpiredKey_isDenied_fromThatMillisecondOn() {
    Clients clients = clients();
    now.set(Instant.parse("2026-06-01T00:00:00Z").toEpochMilli() - 1);
    client(clients.of(BETA));
    now.incrementAndGet();
    assertThat(clients.of(BETA)).isEqualTo(Denied.EXPIRED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{                                                       | line 1: it is not JSON",
        "key-of-acme                                             | it is not JSON",
        "[]                                                      | the file must be an object",
        "{'key': []}                                             | the file has a field that is none of keys, tenants",
        "{'keys': {}}                                            | keys must be a list",
        "{'keys': [{}]}                                          | keys[0].id must be 1 to 64 letters",
        "{'keys': [{'id': 'a', 'tenant': 'key-of-acme!'}]}       | keys[0].tenant must be 1 to 64 letters",
        "{'keys': [{'id': 'a', 'tenant': 't', 'sha256': 'key-of-acme'}]} | keys[0].sha256 must be the key's SHA-256",
        "{'keys': [{'id': 'a', 'key': 'key-of-acme'}]}           | keys[0] has a field that is none of",
        "{'tenants': {'t': {'requestsPerMinute': -1}}}           | tenants.t.requestsPerMinute must be from 0",
        "{'tenants': {'t': {'tokensPerMinute': 1.5}}}            | tenants.t.tokensPerMinute must be a whole number",
        "{'tenants': {'t': {'pools': []}}}                       | tenants.t.pools must be a list of the names",
        "{'tenants': {'t': {'priority': 'urgent'}}}              | tenants.t.priority must be interactive, default or batch",
        "{'tenants': {'t': {'weight': 0}}} | tenants.t.weight must be a whole number from 1 to 100",
        "{'tenants': {'t': {'weight': 1.5}}} | tenants.t.weight must be a whole number",
        "{'tenants': {'t': {'limitsInPools': []}}}               | tenants.t.limitsInPools must be an object",
        "{'tenants': {'t': {'limitsInPools': {'p': 5}}}}         | tenants.t.limitsInPools.p must be an object",
        "{'tenants': {'t': {'limitsInPools': {'p': {'pools': 5}}}}} | tenants.t.limitsInPools.p has a field that is none of",
        "{'tenants': {'t': {'limitsInPools': {'p': {'tokensPerMonth': 'many'}}}}} | tenants.t.limitsInPools.p.tokensPerMonth must be a whole",
        "{'tenants': {'t': {}, 't': {}}}                         | names a field twice",
      })
  void read_whatIsWrong_isToldWithTheFile_andWithoutAKey(String content, String said)
      throws IOException {
    Files.writeString(file, content.replace('\'', '"'));
    assertThatThrownBy(this::clients)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(said)
        .hasMessageNotContaining(ACME);
  }

  @Test
  void read_twoKeysOfOneName_orOneDigest_areRefused() throws IOException {
    Files.writeString(file, content().replace("beta-1", "acme-1"));
    assertThatThrownBy(this::clients).hasMessageContaining("keys[1].id is that of another key");
    Files.writeString(file, content().replace(Digest.of(BETA).hex(), Digest.of(ACME).hex()));
    assertThatThrownBy(this::clients).hasMessageContaining("keys[1].sha256 is that of another key");
  }

  @Test
  void refresh_anotherFile_countsAtOnce() throws IOException {
    Clients clients = clients();
    AtomicInteger changes = new AtomicInteger();
    clients.onChange(changes::incrementAndGet);
    clients.refresh();
    assertThat(changes).hasValue(0);
    Files.writeString(file, content().replace(Digest.of(ACME).hex(), Digest.of("new").hex()));
    clients.refresh();
    assertThat(changes).hasValue(1);
    assertThat(clients.of(ACME)).isEqualTo(Denied.UNKNOWN);
    client(clients.of("new"));
  }

  @Test
  void refresh_aBrokenOrMissingFile_changesNothing_andIsToldOnce() throws IOException {
    Clients clients = clients();
    try (CapturedLog log = CapturedLog.of(Clients.class.getName())) {
      Files.writeString(file, "{");
      clients.refresh();
      assertThat(log.lines()).isEmpty(); // somebody may be writing it
      clients.refresh();
      clients.refresh();
      assertThat(log.lines()).hasSize(1);
      assertThat(log.lines().get(0)).contains(file.toString(), "line 1", "as they were");
      assertThat(clients.complaint()).contains("line 1");
      client(clients.of(ACME));
      Files.delete(file);
      clients.refresh();
      clients.refresh();
      assertThat(log.lines()).hasSize(2);
      client(clients.of(ACME));
      Files.writeString(file, content());
      clients.refresh();
      assertThat(clients.complaint()).isEmpty();
    }
  }

  @Test
  void create_isInTheFile_asADigest_andCounts() throws IOException, Unchanged {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    Clients clients = clients();
    Created made =
        clients.create("beta-2", "beta", List.of("qwen"), "default", "2026-02-01T00:00:00Z", null);
    assertThat(made.key()).startsWith("cvn-").hasSizeGreaterThan(40);
    assertThat(made.toString()).doesNotContain(made.key());
    assertThat(client(clients.of(made.key())).key()).isEqualTo("beta-2");
    assertThat(Files.readString(file)).contains("beta-2", "acme-1").doesNotContain(made.key());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r-----");
    try (var left = Files.list(directory)) {
      assertThat(left).containsExactly(file);
    }
    AtomicInteger changes = new AtomicInteger();
    clients.onChange(changes::incrementAndGet);
    clients.refresh();
    assertThat(changes).hasValue(0);
    Clients again = clients();
    assertThat(again.keys()).containsExactlyElementsOf(clients.keys());
    assertThat(again.tenants()).containsExactlyElementsOf(clients.tenants());
    assertThat(client(again.of(made.key()))).isEqualTo(client(clients.of(made.key())));
    client(again.of(ACME));
  }

  @Test
  void create_keepsWhatSomebodyHasWrittenSince() throws IOException, Unchanged {
    Clients clients = clients();
    AtomicInteger changes = new AtomicInteger();
    clients.onChange(changes::incrementAndGet);
    Files.writeString(file, content().replace("\"acme-1\"", "\"acme-9\""));
    clients.create(null, "beta", null, null, null, null);
    assertThat(changes).hasValue(1); // the next look finds nothing new any more
    assertThat(clients.keys()).extracting(ClientKey::id).contains("acme-9").hasSize(3);
  }

  @Test
  void create_whatCannotBe_changesNothing() throws IOException {
    Clients clients = clients();
    byte[] before = Files.readAllBytes(file);
    assertThatThrownBy(() -> clients.create("acme-1", "acme", null, null, null, null))
        .isInstanceOf(Unchanged.class);
    assertThatThrownBy(() -> clients.create(null, "a b", null, null, null, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> clients.create(null, "acme", List.of(), null, null, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> clients.create(null, "acme", null, "urgent", null, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> clients.create(null, "acme", null, null, "tomorrow", null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    Files.writeString(file, "{");
    assertThatThrownBy(() -> clients.create(null, "acme", null, null, null, null))
        .isInstanceOf(Unchanged.class)
        .hasMessageContaining("line 1");
    assertThat(Files.readString(file)).isEqualTo("{");
  }

  @Test
  void create_whatWouldMakeTheFileTooLargeToReadAgain_isRefused() throws IOException {
    StringBuilder keys = new StringBuilder();
    String pools = "\"" + "p".repeat(60_000) + "\"";
    for (int i = 0; i < 139; i++) { // 8.34 of 8.39 million bytes
      keys.append(
          ",{\"id\":\"k%d\",\"tenant\":\"acme\",\"sha256\":\"%s\",\"pools\":[%s]}"
              .formatted(i, Digest.of("k" + i).hex(), pools));
    }
    Files.writeString(file, "{\"keys\":[" + keys.substring(1) + "]}");
    Clients clients = clients();
    byte[] before = Files.readAllBytes(file);
    List<String> more = List.of("q".repeat(60_000));
    assertThatThrownBy(() -> clients.create("more", "acme", more, null, null, null))
        .isInstanceOf(Unchanged.class)
        .hasMessageContaining("larger than 8 MiB");
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    clients();
  }

  @Test
  void revoke_takesTheKeyBack_atOnceAndInTheFile() throws Unchanged {
    Clients clients = clients();
    ClientKey gone = clients.revoke("acme-1");
    assertThat(gone).isNotNull();
    assertThat(clients.of(ACME)).isEqualTo(Denied.UNKNOWN);
    assertThat(clients().of(ACME)).isEqualTo(Denied.UNKNOWN);
    client(clients().of(BETA));
    assertThat(clients.revoke("acme-1")).isNull();
  }

  @Test
  void listed_isWhoeverTheFileNames() {
    assertThat(clients().listed("acme"))
        .extracting(Client::quota)
        .isEqualTo(new Quota(60, 0, 0, 1_000_000));
    assertThat(clients().listed("beta")).extracting(Client::quota).isEqualTo(Quota.UNLIMITED);
    assertThat(clients().listed("gamma")).isNull();
  }
}
