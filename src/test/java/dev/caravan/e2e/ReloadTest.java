package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.fleet.Backend;
import dev.caravan.route.file.RouteFileError;
import dev.caravan.route.file.RouteFileStatus;
import dev.caravan.select.Explanation;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Route files that change while the gateway runs. */
class ReloadTest extends EndToEnd {
  private static final int PACKAGED = 5; // ingress, and two for each kind of queue

  private RouteFilesOnDisk disk(String routes) throws Exception {
    return new RouteFilesOnDisk(start(routes, RouteFilesOnDisk.QUICK));
  }

  private String answeredBy(RawHttp client, String body) throws Exception {
    client.post(Chat.PATH, body.getBytes(StandardCharsets.UTF_8));
    RawHttp.Answer answer = client.answer();
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return String.valueOf(answer.head().header("x-caravan-backend"));
  }

  @Test
  void servers_thatComeAndGo_areSeenOnOneConnection() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    PoolYaml one = PoolYaml.of(PoolYaml.MODEL).server("gpu-a", a.uri());
    RouteFilesOnDisk disk = disk(one.text());
    RawHttp client = client();
    assertThat(answeredBy(client, Chat.whole("one"))).isEqualTo("gpu-a");
    Backend backend = gateway().backend("gpu-a");

    disk.apply("pools.yaml", PoolYaml.of(PoolYaml.MODEL).server("gpu-b", b.uri()).text());
    assertThat(answeredBy(client, Chat.whole("two"))).isEqualTo("gpu-b");
    disk.awaitSwept(PACKAGED + 1, "gpu-b");
    await()
        .atMost(LONG)
        .until(
            () -> gateway().meters().find("caravan.backend.inflight").gauges(),
            gauges -> gauges.size() == 1);

    disk.apply("pools.yaml", one.text());
    assertThat(answeredBy(client, Chat.whole("three"))).isEqualTo("gpu-a");
    assertThat(gateway().backend("gpu-a")).isNotSameAs(backend);
    disk.awaitSwept(PACKAGED + 1, "gpu-a");
    assertThat(gateway().connections()).isEqualTo(1);
  }

  @Test
  void request_thatRuns_goesOnInItsRouteAndHoldsItsServer() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    RouteFilesOnDisk disk = disk(PoolYaml.of(PoolYaml.MODEL).server("gpu-a", a.uri()).text());
    RawHttp streaming = client();
    streaming.post(Chat.PATH, Chat.stream("long", 2_000).getBytes(StandardCharsets.UTF_8));
    assertThat(streaming.head().status()).isEqualTo(200);
    disk.apply("pools.yaml", PoolYaml.of(PoolYaml.MODEL).server("gpu-b", b.uri()).text());
    assertThat(gateway().fleet()).containsExactly("gpu-a", "gpu-b");
    assertThat(gateway().backend("gpu-a").inflight()).isEqualTo(1);
    StringBuilder all = new StringBuilder();
    for (String part = streaming.chunk().text(); !part.isEmpty(); part = streaming.chunk().text()) {
      all.append(part);
    }
    assertThat(all).endsWith("data: [DONE]\n\n");
    disk.awaitSwept(PACKAGED + 1, "gpu-b");
  }

  @Test
  void unchangedServer_keepsWhatIsKnownOfIt() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    PoolYaml yaml = PoolYaml.of(PoolYaml.MODEL).server("gpu-a", a.uri());
    RouteFilesOnDisk disk = disk(yaml.text());
    RawHttp client = client();
    answeredBy(client, Chat.whole("one"));
    Backend backend = gateway().backend("gpu-a");
    double attempts = attempts("gpu-a");
    assertThat(attempts).isEqualTo(1);
    Object gate = backend.gate();

    disk.apply("pools.yaml", yaml.server("gpu-b", b.uri()).parameters("attempts: 2").text());
    assertThat(gateway().backend("gpu-a")).isSameAs(backend);
    assertThat(backend.gate()).isSameAs(gate);
    assertThat(attempts("gpu-a")).isEqualTo(attempts);
    assertThat(backend.pools().get(0).policy().attempts()).isEqualTo(2);
    assertThat(backend.pools()).hasSize(1);
    disk.awaitSwept(PACKAGED + 1, "gpu-a", "gpu-b");
    assertThat(backend.gate()).isSameAs(gate);
  }

  private double attempts(String server) {
    return gateway()
        .meters()
        .find("caravan.backend.attempts")
        .tag("backend", server)
        .counters()
        .stream()
        .mapToDouble(each -> each.count())
        .sum();
  }

  @Test
  void files_areAddedAndDeleted() throws Exception {
    SimulatedServer a = simulated("a");
    RouteFilesOnDisk disk = disk(PoolYaml.single(a.uri()));
    assertThat(ask("{\"model\":\"other\",\"messages\":[]}").status()).isEqualTo(404);
    disk.apply(
        "other.yaml",
        PoolYaml.of("other").server("two", a.uri(), "model: " + PoolYaml.MODEL).text());
    assertThat(ask("{\"model\":\"other\",\"max_tokens\":2,\"messages\":[]}").status())
        .isEqualTo(200);
    assertThat(disk.status("other.yaml").routeIds()).containsExactly("other");
    assertThat(gateway().meters().find("caravan.pool.inflight").tag("pool", "other").gauges())
        .hasSize(1);
    disk.delete("other.yaml");
    assertThat(ask("{\"model\":\"other\",\"messages\":[]}").status()).isEqualTo(404);
    assertThat(gateway().routeStatus().files())
        .noneMatch(each -> each.file().endsWith("other.yaml"));
    await()
        .atMost(LONG)
        .until(
            () ->
                gateway().meters().getMeters().stream()
                    .noneMatch(meter -> "other".equals(meter.getId().getTag("pool"))));
    disk.awaitSwept(PACKAGED + 1, "only");
  }

  @Test
  void brokenFile_changesNothing_andIsToldOnce() throws Exception {
    SimulatedServer a = simulated("a");
    String right = PoolYaml.single(a.uri());
    RouteFilesOnDisk disk = disk(right);
    try (CapturedLog log = CapturedLog.of("dev.caravan")) {
      RouteFileStatus status =
          disk.refused("pools.yaml", PoolYaml.single(a.uri(), "weight: heavy"));
      assertThat(status.state()).isEqualTo(RouteFileStatus.State.REJECTED);
      assertThat(status.routeIds()).containsExactly(PoolYaml.MODEL);
      assertThat(status.source()).contains("weight: heavy");
      assertThat(status.errors()).hasSize(1);
      RouteFileError error = status.errors().get(0);
      assertThat(error.line()).isPositive();
      assertThat(error.where()).isEqualTo("model:only");
      assertThat(error.message()).contains("weight \"heavy\" is not");
      assertThat(log.lines()).filteredOn(line -> line.contains("heavy")).hasSize(1);
    }
    assertThat(disk.inSync()).isFalse();
    assertThat(ask(Chat.whole("still")).status()).isEqualTo(200);
    disk.apply("pools.yaml", right);
    assertThat(disk.inSync()).isTrue();
    assertThat(disk.count("unchanged")).isEqualTo(1);
    assertThat(gateway().camelRoutes()).hasSize(PACKAGED + 1);
  }

  @Test
  void routeThatCamelCannotMake_leavesNothingBehind() throws Exception {
    SimulatedServer a = simulated("a");
    RouteFilesOnDisk disk = disk(PoolYaml.single(a.uri()));
    List<String> before = gateway().camelRoutes();
    int endpoints = gateway().endpoints();
    String broken =
        PoolYaml.of("other").server("new", a.uri()).text() + "        - process: { ref: nobody }\n";
    RouteFileStatus status = disk.refused("broken.yaml", broken);
    assertThat(status.errors()).hasSize(1);
    assertThat(status.errors().get(0).message()).contains("nobody");
    assertThat(status.errors().get(0).where()).isEqualTo("route other");
    assertThat(gateway().camelRoutes()).isEqualTo(before);
    assertThat(gateway().endpoints()).isEqualTo(endpoints);
    assertThat(gateway().fleet()).containsExactly("only");
    assertThat(gateway().pools()).containsExactly(PoolYaml.MODEL);
    assertThat(ask(Chat.whole("still")).status()).isEqualTo(200);
    disk.apply("broken.yaml", PoolYaml.of("other").server("new", a.uri()).text());
    assertThat(gateway().pools()).containsExactly(PoolYaml.MODEL, "other");
  }

  @Test
  void errorsAndIngress_areReplacedWhileConnectionsStay() throws Exception {
    SimulatedServer a = simulated("a");
    RouteFilesOnDisk disk = disk(PoolYaml.single(a.uri()));
    RawHttp client = client();
    answeredBy(client, Chat.whole("one"));
    String errors = Files.readString(Path.of("routes/errors.yaml"));
    disk.apply(
        "errors.yaml",
        errors.replace(
            "- process: { ref: error-answer }",
            "- setBody: { constant: \"{\\\"mine\\\":true}\" }"));
    client.post(Chat.PATH, "{\"model\":\"none\",\"messages\":[]}".getBytes(StandardCharsets.UTF_8));
    assertThat(client.answer().text()).isEqualTo("{\"mine\":true}");
    answeredBy(client, Chat.whole("two"));
    disk.awaitSwept(PACKAGED + 1, "only");
    assertThat(gateway().connections()).isEqualTo(1);
    disk.delete("errors.yaml");
    client.post(Chat.PATH, "{\"model\":\"none\",\"messages\":[]}".getBytes(StandardCharsets.UTF_8));
    assertThat(client.answer().status()).isEqualTo(404);
    disk.awaitSwept(PACKAGED + 1, "only");
    assertThat(answeredBy(client(), Chat.whole("the port is open"))).isEqualTo("only");
  }

  @Test
  void configMap_swappedByItsLink_isSeen() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    Path mount = Files.createTempDirectory("configmap");
    Path first = Files.createDirectory(mount.resolve("..v1"));
    Files.writeString(
        first.resolve("llama.yaml"), PoolYaml.of(PoolYaml.MODEL).server("gpu-a", a.uri()).text());
    Files.createSymbolicLink(mount.resolve("..data"), Path.of("..v1"));
    Files.createSymbolicLink(mount.resolve("llama.yaml"), Path.of("..data/llama.yaml"));
    Map<String, String> settings = new HashMap<>(RouteFilesOnDisk.QUICK);
    settings.put("caravan.routes.directory", mount.toString());
    TestGateway gateway = start("", settings);
    assertThat(answeredBy(client(), Chat.whole("one"))).isEqualTo("gpu-a");
    Path second = Files.createDirectory(mount.resolve("..v2"));
    Files.writeString(
        second.resolve("llama.yaml"), PoolYaml.of(PoolYaml.MODEL).server("gpu-b", b.uri()).text());
    Files.createSymbolicLink(mount.resolve("..data_tmp"), Path.of("..v2"));
    Files.move(
        mount.resolve("..data_tmp"), mount.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    RouteFilesOnDisk disk = new RouteFilesOnDisk(gateway);
    await().atMost(LONG).until(() -> disk.count("applied") == 1);
    assertThat(answeredBy(client(), Chat.whole("two"))).isEqualTo("gpu-b");
    assertThat(disk.status("llama.yaml").source()).contains("gpu-b");
  }

  @Test
  void emptiedFile_isTakenForHalfASave() throws Exception {
    SimulatedServer a = simulated("a");
    RouteFilesOnDisk disk = disk(PoolYaml.single(a.uri()));
    RouteFileStatus status = disk.refused("pools.yaml", "");
    assertThat(status.errors().get(0).message()).contains("the file is empty");
    assertThat(gateway().pools()).containsExactly(PoolYaml.MODEL);
    disk.apply("pools.yaml", "# nobody at night\n");
    assertThat(gateway().pools()).isEmpty();
  }

  @Test
  void halfASave_isNotTakenOver() throws Exception {
    SimulatedServer a = simulated("a");
    String text = PoolYaml.single(a.uri(), "weight: 3");
    Map<String, String> settings = new HashMap<>(RouteFilesOnDisk.QUICK);
    settings.put("caravan.routes.reload-quiet", "2s");
    RouteFilesOnDisk disk = new RouteFilesOnDisk(start(PoolYaml.single(a.uri()), settings));
    Path file = gateway().routes().resolve("pools.yaml");
    for (int part = 0; part <= 10; part++) {
      // In place, as editors do that keep the file's owner and links.
      Files.writeString(file, text.substring(0, text.length() * part / 10));
    }
    await().atMost(LONG).until(() -> disk.count("applied") == 1);
    assertThat(disk.count("rejected")).isZero();
    assertThat(gateway().backend("only").spec().weight()).isEqualTo(3);
  }

  @Test
  void directory_thatIsGone_changesNothing() throws Exception {
    SimulatedServer a = simulated("a");
    String text = PoolYaml.single(a.uri());
    Path directory = Files.createDirectory(Files.createTempDirectory("gone").resolve("routes"));
    Files.writeString(directory.resolve("pools.yaml"), text);
    Map<String, String> settings = new HashMap<>(RouteFilesOnDisk.QUICK);
    settings.put("caravan.routes.directory", directory.toString());
    RouteFilesOnDisk disk = new RouteFilesOnDisk(start("", settings));
    Path elsewhere = directory.resolveSibling("elsewhere");
    Files.move(directory, elsewhere);
    await().atMost(LONG).until(() -> disk.count("rejected") == 1);
    assertThat(disk.inSync()).isFalse();
    assertThat(ask(Chat.whole("still")).status()).isEqualTo(200);
    Files.move(elsewhere, directory);
    await().atMost(LONG).until(disk::inSync);
    assertThat(ask(Chat.whole("one")).status()).isEqualTo(200);
  }

  @Test
  void dryRun_asksTheRouteThatRuns() throws Exception {
    SimulatedServer a = simulated("a");
    RouteFilesOnDisk disk = disk(PoolYaml.single(a.uri()));
    disk.apply(
        "pools.yaml",
        PoolYaml.of(PoolYaml.MODEL).balancer("weighted").server("two", a.uri()).text());
    assertThat(Objects.requireNonNull(gateway().dryRun().emptyChat(PoolYaml.MODEL)).choices())
        .extracting(Explanation::balancer)
        .containsExactly("weighted");
  }

  @Test
  void whatEditorsLeaveBehind_isNoChange() throws Exception {
    SimulatedServer a = simulated("a");
    RouteFilesOnDisk disk = disk(PoolYaml.single(a.uri()));
    for (String name : List.of(".pools.yaml.swp", "pools.yaml~", "4913", "#pools.yaml#")) {
      Files.writeString(gateway().routes().resolve(name), "- route: broken");
    }
    disk.apply("more.yaml", "# nothing\n");
    assertThat(disk.count("rejected")).isZero();
    assertThat(disk.count("unchanged")).isEqualTo(1);
    for (String name : List.of(".pools.yaml.swp", "pools.yaml~", "4913", "#pools.yaml#")) {
      Files.delete(gateway().routes().resolve(name));
    }
  }
}
