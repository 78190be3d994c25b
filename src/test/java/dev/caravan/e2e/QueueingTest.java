package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.ServerState;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that find all servers full, from outside. */
class QueueingTest extends EndToEnd {
  private static final String FIVE = "maxQueue: 5";

  /** A server that is given back when the test ends. */
  private GatedServer gated() throws IOException {
    GatedServer server = new GatedServer();
    closing(server.server());
    return server;
  }

  private static PoolYaml pool(String... parameters) {
    return PoolYaml.of(PoolYaml.MODEL).parameters(parameters);
  }

  private static PoolYaml one(GatedServer server, String... parameters) {
    return pool(parameters).server("only", server.uri(), "maxInflight: 1");
  }

  private RawHttp sent(String content, String... headers) throws IOException {
    return posted(Chat.whole(content), headers);
  }

  private RawHttp posted(String body, String... headers) throws IOException {
    RawHttp client = client();
    client.post(Chat.PATH, body, headers);
    return client;
  }

  /** One that the server has. */
  private RawHttp running(GatedServer server, String content, String... headers) throws Exception {
    int before = server.asked().size();
    RawHttp client = sent(content, headers);
    await().atMost(LONG).until(() -> server.asked().size() == before + 1);
    return client;
  }

  /** One that waits. */
  private RawHttp waiting(String content, String... headers) throws Exception {
    double before = waiting();
    RawHttp client = sent(content, headers);
    awaitWaiting(before + 1);
    return client;
  }

  private void awaitWaiting(double count) {
    await().atMost(LONG).pollInterval(Duration.ofMillis(2)).until(() -> waiting() == count);
  }

  private double waiting() {
    return gateway().meters().find("caravan.queue.waiting").gauges().stream()
        .mapToDouble(gauge -> gauge.value())
        .sum();
  }

  private double left(String reason) {
    return gateway()
        .meters()
        .get("caravan.queue.left")
        .tag("reason", reason)
        .functionCounter()
        .count();
  }

  private static List<String> contents(GatedServer server) {
    return server.asked().stream()
        .map(
            body ->
                new JsonObject(body).getJsonArray("messages").getJsonObject(0).getString("content"))
        .toList();
  }

  private static void refused(RawHttp.Answer answer, int status, String code) throws Exception {
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo(code);
    assertThat(answer.head().header("retry-after")).isNotNull();
    assertThat(answer.head().header("x-should-retry")).isEqualTo("true");
  }

  @Test
  void full_waits_inTurn_andIsLogged() throws Exception {
    GatedServer server = gated();
    start(one(server, FIVE).text());
    List<RawHttp> clients = new ArrayList<>();
    clients.add(running(server, "a"));
    clients.add(waiting("b"));
    clients.add(waiting("c"));
    server.answer(3);
    for (RawHttp client : clients) {
      assertThat(client.answer().status()).isEqualTo(200);
    }
    assertThat(contents(server)).containsExactly("a", "b", "c");
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 3);
    assertThat(gateway().accessLog().get(0)).doesNotContain("queued_ms");
    assertThat(gateway().accessLog().get(1)).contains("\"queued_ms\":");
    assertThat(gateway().meters().get("caravan.queue.wait").timer().count()).isEqualTo(2);
    assertThat(gateway().backend("only").inflight()).isZero();
  }

  @Test
  void withoutAQueue_fullIsRefusedAtOnce() throws Exception {
    GatedServer server = gated();
    start(one(server).text());
    RawHttp first = running(server, "a");
    refused(ask(Chat.whole("b")), 503, "no_server_available");
    server.answer(1);
    assertThat(first.answer().status()).isEqualTo(200);
  }

  @Test
  void queueFull_is503() throws Exception {
    GatedServer server = gated();
    start(one(server, "maxQueue: 1").text());
    running(server, "a");
    waiting("b");
    refused(ask(Chat.whole("c")), 503, "queue_full");
    assertThat(left("full")).isEqualTo(1);
    server.answer(2);
  }

  @Test
  void waitsForAsLongAsThePoolLets_andNoLonger() throws Exception {
    GatedServer server = gated();
    start(one(server, FIVE, "maxQueueWait: 50ms").text());
    running(server, "a");
    refused(ask(Chat.whole("b")), 503, "queue_timeout");
    assertThat(left("timeout")).isEqualTo(1);
    server.answer(1);
  }

  @Test
  void clientsOwnLimit_endsItsWait() throws Exception {
    GatedServer server = gated();
    start(one(server, FIVE).text());
    running(server, "a");
    RawHttp.Answer total = ask(Chat.whole("b"), "x-caravan-timeout-ms: 50");
    assertThat(total.status()).isIn(503, 504);
    refused(ask(Chat.whole("c"), "x-caravan-ttft-timeout-ms: 50"), 503, "queue_timeout");
    awaitWaiting(0);
    server.answer(1);
  }

  @Test
  void clientThatLeaves_leavesTheQueue_andTheServerNeverHearsOfIt() throws Exception {
    GatedServer server = gated();
    start(one(server, FIVE).text());
    RawHttp first = running(server, "a");
    RawHttp leaver = waiting("b");
    RawHttp last = waiting("c");
    leaver.close();
    awaitWaiting(1);
    assertThat(left("gone")).isEqualTo(1);
    server.answer(2);
    assertThat(first.answer().status()).isEqualTo(200);
    assertThat(last.answer().status()).isEqualTo(200);
    assertThat(contents(server)).containsExactly("a", "c");
  }

  @Test
  void pings_tellOfThePlace() throws Exception {
    GatedServer server = gated();
    start(one(server, FIVE, "ping: 20ms").text());
    running(server, "a");
    waiting("b");
    RawHttp client = posted(Chat.stream("c", 3));
    assertThat(client.head().status()).isEqualTo(200);
    assertThat(client.chunk().text()).startsWith(": queued position=2").endsWith("\n\n");
    server.answer(1);
    String text = client.chunk().text();
    while (text.startsWith(": queued position=2")) {
      text = client.chunk().text();
    }
    assertThat(text).matches(": queued position=1( wait=\\d+s)?\n\n");
    server.answer(2);
    while (text.startsWith(": ")) {
      text = client.chunk().text();
    }
    assertThat(text.strip()).startsWith("data: ");
  }

  // ---- classes and tenants

  @Test
  void batch_waitsBehindDefault_andNobodyRaisesHimself() throws Exception {
    GatedServer server = gated();
    start(one(server, FIVE).text());
    List<RawHttp> clients = new ArrayList<>();
    clients.add(running(server, "a"));
    clients.add(waiting("batch", "x-caravan-priority: batch"));
    clients.add(waiting("default"));
    clients.add(waiting("urgent", "x-caravan-priority: interactive"));
    server.answer(4);
    for (RawHttp client : clients) {
      assertThat(client.answer().status()).isEqualTo(200);
    }
    assertThat(contents(server)).containsExactly("a", "default", "urgent", "batch");
  }

  @Test
  void unknownClass_is400() throws Exception {
    start(one(gated(), FIVE).text());
    RawHttp.Answer answer = ask(Chat.whole("a"), "x-caravan-priority: urgent");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("x-caravan-priority").contains("invalid_priority");
  }

  private static String key(String id, String tenant, String sha256, String more) {
    return "{\"id\":\""
        + id
        + "\",\"tenant\":\""
        + tenant
        + "\",\"sha256\":\""
        + sha256
        + "\""
        + more
        + "}";
  }

  @Test
  void tenants_haveTheirTurnsInTurn_andAKeysClassIsItsOwn(@TempDir Path directory)
      throws Exception {
    Path file = directory.resolve("clients.json");
    Files.writeString(
        file,
        "{\"keys\":["
            + key("a", "acme", sha256("key-a"), "")
            + ","
            + key("b", "beta", sha256("key-b"), "")
            + ","
            + key("vip", "gamma", sha256("key-vip"), ",\"priority\":\"interactive\"")
            + "]}");
    GatedServer server = gated();
    start(one(server, "maxQueue: 10").text(), Map.of("caravan.clients.file", file.toString()));
    List<RawHttp> clients = new ArrayList<>();
    clients.add(running(server, "a0", "x-api-key: key-a"));
    for (int i = 1; i <= 4; i++) {
      clients.add(waiting("a" + i, "x-api-key: key-a"));
    }
    clients.add(waiting("b1", "x-api-key: key-b"));
    clients.add(waiting("vip", "x-api-key: key-vip"));
    server.answer(7);
    for (RawHttp client : clients) {
      assertThat(client.answer().status()).isEqualTo(200);
    }
    assertThat(contents(server).get(1)).isEqualTo("vip");
    assertThat(contents(server).subList(2, 4)).contains("b1");
  }

  private static String sha256(String key) throws Exception {
    return java.util.HexFormat.of()
        .formatHex(
            java.security.MessageDigest.getInstance("SHA-256")
                .digest(key.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }

  // ---- where it may go

  @Test
  void strictConversation_waitsForItsHome_andOthersGoAhead() throws Exception {
    GatedServer a = gated();
    GatedServer b = gated();
    start(
        pool(FIVE, "affinity: strict")
            .server("gpu-a", a.uri(), "maxInflight: 1")
            .server("gpu-b", b.uri(), "maxInflight: 1")
            .text());
    String mine = "x-session-id: mine";
    RawHttp first = sent("1", mine);
    await().atMost(LONG).until(() -> a.asked().size() + b.asked().size() == 1);
    GatedServer home = a.asked().isEmpty() ? b : a;
    GatedServer other = home == a ? b : a;
    RawHttp second = waiting("2", mine);
    running(other, "elsewhere");
    other.answer(1);
    home.answer(2);
    assertThat(first.answer().status()).isEqualTo(200);
    assertThat(second.answer().status()).isEqualTo(200);
    assertThat(contents(home)).containsExactly("1", "2");
  }

  @Test
  void routeOfOneModel_waitsToo() throws Exception {
    GatedServer server = gated();
    start(
        "- route:\n    id: only\n    from:\n      uri: \"pool:"
            + PoolYaml.MODEL
            + "\"\n      parameters: { maxQueue: 5 }\n      steps:\n        - to: { uri: "
            + "\"model:only\", parameters: { url: \""
            + server.uri()
            + "\", maxInflight: 1 } }\n");
    RawHttp first = running(server, "a");
    RawHttp second = waiting("b");
    server.answer(2);
    assertThat(first.answer().status()).isEqualTo(200);
    assertThat(second.answer().status()).isEqualTo(200);
  }

  @Test
  void whatAServerHasFailed_waitsBeforeTheOthers() throws Exception {
    GatedServer full = gated();
    ScriptedServer fails =
        closing(ScriptedServer.answering(ScriptedServer.whole(503, "{}", "retry-after: 60")));
    start(
        pool("maxQueue: 5", "ejectAfter: 0")
            .balancer("least-inflight")
            .server("full", full.uri(), "maxInflight: 1")
            .server("fails", fails.uri(), "maxInflight: 1")
            .text());
    Backend failing = gateway().backend("fails");
    failing.availability(
        new Availability(ServerState.DOWN, Use.NONE, "not yet", Availability.UNTIL_NEWS));
    List<RawHttp> clients = new ArrayList<>();
    clients.add(running(full, "a"));
    clients.add(waiting("retried", "x-caravan-priority: batch"));
    failing.availability(Availability.UP);
    // It is let in, fails there, and waits for the other; later ones of a higher class do not pass.
    await().atMost(LONG).until(() -> !fails.requests().isEmpty() && waiting() == 1);
    clients.add(waiting("later"));
    full.answer(3);
    for (RawHttp client : clients) {
      assertThat(client.answer().status()).isEqualTo(200);
    }
    assertThat(contents(full)).containsExactly("a", "retried", "later");
  }

  // ---- while it waits

  @Test
  void reload_takesThoseWhoWaitToTheNewServers() throws Exception {
    GatedServer before = gated();
    GatedServer after = gated();
    RouteFilesOnDisk disk =
        new RouteFilesOnDisk(start(one(before, FIVE).text(), RouteFilesOnDisk.QUICK));
    RawHttp first = running(before, "a");
    RawHttp second = waiting("b");
    disk.apply("pools.yaml", pool(FIVE).server("new", after.uri(), "maxInflight: 1").text());
    await().atMost(LONG).until(() -> after.asked().size() == 1);
    after.answer(1);
    assertThat(second.answer().head().header("x-caravan-backend")).isEqualTo("new");
    before.answer(1);
    assertThat(first.answer().status()).isEqualTo(200);
  }

  @Test
  void reload_thatRaisesALimit_letsThemIn() throws Exception {
    GatedServer server = gated();
    RouteFilesOnDisk disk =
        new RouteFilesOnDisk(start(one(server, FIVE).text(), RouteFilesOnDisk.QUICK));
    running(server, "a");
    waiting("b");
    URI uri = server.uri();
    disk.apply("pools.yaml", pool(FIVE).server("only", uri, "maxInflight: 2").text());
    await().atMost(LONG).until(() -> server.asked().size() == 2);
    server.answer(2);
  }

  @Test
  void hedgedAndResumedPools_wait() throws Exception {
    GatedServer server = gated();
    start(one(server, FIVE, "hedge: 10s", "resume: on").text());
    RawHttp first = running(server, "a");
    RawHttp second = client();
    second.post(Chat.PATH, Chat.stream("b", 2));
    awaitWaiting(1);
    server.answer(2);
    assertThat(first.answer().status()).isEqualTo(200);
    assertThat(second.answer().status()).isEqualTo(200);
  }

  @Test
  void backgroundWork_doesNotOvertakeThem() throws Exception {
    GatedServer server = gated();
    Jobs jobs = new Jobs();
    start(one(server, FIVE).text() + Jobs.routes(), Map.of(), jobs.beans());
    RawHttp first = running(server, "a");
    RawHttp second = waiting("b");
    gateway().send("direct:in", Jobs.line("job", Chat.whole("job")), Map.of());
    await().atMost(LONG).until(() -> gateway().jobs() == 1);
    server.answer(1);
    assertThat(first.answer().status()).isEqualTo(200);
    await().atMost(LONG).until(() -> server.asked().size() == 2);
    server.answer(2);
    assertThat(second.answer().status()).isEqualTo(200);
    await().atMost(LONG).until(() -> server.asked().size() == 3);
    assertThat(contents(server)).containsExactly("a", "b", "job");
    jobs.answers.await(1);
  }

  @Test
  void reloads_whileManyWait_loseNobody() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    RouteFilesOnDisk disk = new RouteFilesOnDisk(start(two(a, b, 2, 3), RouteFilesOnDisk.QUICK));
    List<RawHttp> clients = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      clients.add(i % 3 == 0 ? posted(Chat.stream("s" + i, 40)) : sent("w" + i));
      if (i % 30 == 29) {
        disk.apply("pools.yaml", two(a, b, 2 + (i / 30 + 1) % 2, 3));
      }
    }
    for (RawHttp client : clients) {
      RawHttp.Answer answer = client.answer();
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    }
    assertThat(waiting()).isZero();
    assertThat(gateway().meters().get("caravan.queue.wait").timer().count()).isPositive();
    assertThat(gateway().backend("gpu-a").inflight()).isZero();
    assertThat(gateway().backend("gpu-b").inflight()).isZero();
  }

  private static String two(SimulatedServer a, SimulatedServer b, int first, int second) {
    return pool("maxQueue: 500")
        .balancer("least-inflight")
        .server("gpu-a", a.uri(), "maxInflight: " + first)
        .server("gpu-b", b.uri(), "maxInflight: " + second)
        .text();
  }
}
