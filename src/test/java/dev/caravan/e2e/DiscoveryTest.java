package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.Cluster;
import dev.caravan.testing.DnsServer;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import dev.caravan.time.Chance;
import io.netty.handler.codec.dns.DnsResponseCode;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Servers that no route names: they come and go while requests are on their way. */
class DiscoveryTest extends EndToEnd {
  private static final String SERVICE = "_http._tcp.vllm.test";
  private static final Map<String, String> QUICK =
      Map.of(
          "caravan.discovery.dns.min-ttl", "100ms",
          "caravan.discovery.dns.max-ttl", "100ms",
          "caravan.discovery.dns.timeout", "500ms");

  private static String pool(String place, String... more) {
    return PoolYaml.of(PoolYaml.MODEL)
        .balancer("least-inflight")
        .server("vllm", URI.create("http://vllm.test"), with("discover: \"" + place + "\"", more))
        .text();
  }

  private static String[] with(String first, String... more) {
    List<String> all = new ArrayList<>(List.of(more));
    all.add(0, first);
    return all.toArray(String[]::new);
  }

  private TestGateway startWithDns(DnsServer dns, String routes) throws Exception {
    Map<String, String> settings = new HashMap<>(QUICK);
    settings.put("caravan.discovery.dns.servers", "127.0.0.1:" + dns.address().getPort());
    return start(routes, settings);
  }

  private static String record(SimulatedServer server) {
    return "0 0 " + server.uri().getPort() + " node.test";
  }

  private static String name(SimulatedServer server) {
    return "vllm-127.0.0.1-" + server.uri().getPort();
  }

  private String answeredBy() throws Exception {
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return String.valueOf(answer.head().header("x-caravan-backend"));
  }

  private @Nullable Object gauge(String meter, String tag, String value) {
    return gateway().meters().find(meter).tag(tag, value).gauge();
  }

  private double servers() {
    return gateway()
        .meters()
        .get("caravan.discovery.servers")
        .tag("endpoint", "vllm")
        .gauge()
        .value();
  }

  @Test
  void dns_serversComeAndGo_eachOnItsOwn() throws Exception {
    DnsServer dns = new DnsServer();
    try (dns) {
      SimulatedServer a = simulated("a");
      SimulatedServer b = simulated("b");
      dns.addresses("node.test", 0, "127.0.0.1").services(SERVICE, 0, record(a));
      startWithDns(dns, pool("srv:" + SERVICE));
      assertThat(answeredBy()).isEqualTo(name(a)); // the route has waited for the first answer
      dns.services(SERVICE, 0, record(a), record(b));
      await().atMost(LONG).until(() -> servers() == 2);
      Set<String> both = ConcurrentHashMap.newKeySet();
      await()
          .atMost(LONG)
          .until(
              () -> {
                both.add(answeredBy());
                return both.size() == 2;
              });
      assertThat(gateway().backend(name(a)).gate()).isNotSameAs(gateway().backend(name(b)).gate());
      dns.services(SERVICE, 0, record(b));
      await().atMost(LONG).until(() -> gauge("caravan.backend.up", "backend", name(a)) == null);
      for (int i = 0; i < 4; i++) {
        assertThat(answeredBy()).isEqualTo(name(b));
      }
      stopGateway();
    }
  }

  @Test
  void dns_thatFails_leavesTheServersInPlace() throws Exception {
    try (DnsServer dns = new DnsServer()) {
      SimulatedServer a = simulated("a");
      dns.addresses("node.test", 0, "127.0.0.1").services(SERVICE, 0, record(a));
      startWithDns(dns, pool("srv:" + SERVICE));
      assertThat(answeredBy()).isEqualTo(name(a));
      dns.always(DnsResponseCode.SERVFAIL);
      await()
          .atMost(LONG)
          .until(() -> gateway().meters().get("caravan.discovery.failures").counter().count() > 3);
      assertThat(answeredBy()).isEqualTo(name(a));
      stopGateway();
    }
  }

  @Test
  void nobodyFound_isAnsweredAsAPoolWithoutServers() throws Exception {
    try (DnsServer dns = new DnsServer()) {
      startWithDns(dns, pool("srv:" + SERVICE));
      RawHttp.Answer answer = ask(Chat.whole("hello"));
      assertThat(answer.status()).isEqualTo(503);
      assertThat(gateway().ready()).isFalse();
      SimulatedServer late = simulated("late");
      dns.addresses("node.test", 0, "127.0.0.1").services(SERVICE, 0, record(late));
      await().atMost(LONG).until(() -> gateway().ready());
      assertThat(answeredBy()).isEqualTo(name(late));
      stopGateway();
    }
  }

  @Test
  void url_saysSchemePathAndHost_ofServersThatAreFound() throws Exception {
    try (DnsServer dns = new DnsServer()) {
      ScriptedServer server = closing(ScriptedServer.answering(ScriptedServer.whole(200, "{}")));
      dns.addresses("node.test", 0, "127.0.0.1")
          .services(SERVICE, 0, "0 0 " + server.uri().getPort() + " node.test");
      startWithDns(dns, pool("srv:" + SERVICE).replace("http://vllm.test", "http://vllm.test/own"));
      assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
      assertThat(server.requests().get(0).head().header("host")).isEqualTo("vllm.test");
      assertThat(server.requests().get(0).head().start()).contains(" /own/v1/chat/completions ");
      stopGateway();
    }
  }

  @Test
  void reload_toServersThatAreFound_andBack_losesNoRequest() throws Exception {
    try (DnsServer dns = new DnsServer()) {
      SimulatedServer a = simulated("a");
      SimulatedServer b = simulated("b");
      dns.addresses("node.test", 0, "127.0.0.1").services(SERVICE, 0, record(a));
      Map<String, String> settings = new HashMap<>(QUICK);
      settings.putAll(RouteFilesOnDisk.QUICK);
      settings.put("caravan.discovery.dns.servers", "127.0.0.1:" + dns.address().getPort());
      String fixed = PoolYaml.of(PoolYaml.MODEL).server("gpu-b", b.uri()).text();
      RouteFilesOnDisk disk = new RouteFilesOnDisk(start(fixed, settings));
      assertThat(answeredBy()).isEqualTo("gpu-b");
      disk.apply("pools.yaml", pool("srv:" + SERVICE));
      assertThat(answeredBy()).isEqualTo(name(a)); // the change has waited for the first answer
      assertThat(gateway().backend(name(a)).gate().permits()).isTrue();
      disk.apply("pools.yaml", pool("srv:" + SERVICE, "maxInflight: 7"));
      await().atMost(LONG).until(() -> gateway().backend(name(a)).spec().maxInflight() == 7);
      assertThat(answeredBy()).isEqualTo(name(a));
      disk.apply("pools.yaml", fixed);
      assertThat(answeredBy()).isEqualTo("gpu-b");
      await().atMost(LONG).until(() -> gateway().fleet().equals(List.of("gpu-b")));
      assertThat(gateway().meters().find("caravan.discovery.servers").gauge()).isNull();
      stopGateway();
    }
  }

  @Test
  void kubernetes_podThatTerminates_endsWhatItHas_andGetsNothingNew() throws Exception {
    try (Cluster cluster = new Cluster()) {
      TestGateway.kubernetes(cluster.client());
      SimulatedServer a = simulated("a");
      SimulatedServer b = simulated("b");
      cluster.ready("vllm", "pod-a", a.uri());
      start(pool("kubernetes:models/vllm:http"));
      a.fault(new Fault.HangBeforeHead());
      RawHttp held = client();
      held.post(Chat.PATH, Chat.stream("hello", 5));
      await().atMost(LONG).until(() -> gateway().backend("vllm-pod-a").inflight() == 1);
      cluster.ready("vllm", "pod-b", b.uri());
      await().atMost(LONG).until(() -> servers() == 2);
      cluster.pod("vllm", "pod-a", a.uri(), false, true, true);
      await().atMost(LONG).until(() -> servers() == 1);
      for (int i = 0; i < 6; i++) {
        assertThat(answeredBy()).isEqualTo("vllm-pod-b");
      }
      assertThat(gateway().backend("vllm-pod-a").inflight()).isEqualTo(1);
      held.close();
      await()
          .atMost(LONG)
          .until(() -> gauge("caravan.backend.up", "backend", "vllm-pod-a") == null);
      stopGateway();
    }
  }

  @Test
  void kubernetes_podsChangeUnderTraffic_andNoRequestFails() throws Exception {
    try (Cluster cluster = new Cluster()) {
      TestGateway.kubernetes(cluster.client());
      List<SimulatedServer> all = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        all.add(simulated("s" + i));
        cluster.ready("vllm", "pod-" + i, all.get(i).uri());
      }
      start(pool("kubernetes:models/vllm:http"));
      await().atMost(LONG).until(() -> servers() == 5);
      AtomicBoolean over = new AtomicBoolean();
      AtomicInteger asked = new AtomicInteger();
      List<String> failures = new CopyOnWriteArrayList<>();
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        boolean streamed = i % 2 == 0;
        Thread client = new Thread(() -> traffic(streamed, over, asked, failures), "client-" + i);
        clients.add(client);
        client.start();
      }
      Chance chance = Chance.seeded(7);
      try {
        for (int change = 0; change < 25; change++) {
          int which = 1 + chance.below(4); // the first one always stays
          URI uri = all.get(which).uri();
          switch (chance.below(4)) {
            case 0 -> cluster.gone("pod-" + which);
            case 1 -> cluster.pod("vllm", "pod-" + which, uri, false, true, true);
            case 2 -> cluster.pod("vllm", "pod-" + which, uri, false, false, false);
            default -> cluster.ready("vllm", "pod-" + which, uri);
          }
          int before = asked.get();
          await().atMost(LONG).until(() -> asked.get() > before + 10 || !failures.isEmpty());
        }
        for (int i = 0; i < 5; i++) {
          cluster.ready("vllm", "pod-" + i, all.get(i).uri());
        }
        await().atMost(LONG).until(() -> servers() == 5);
      } finally {
        over.set(true);
        for (Thread client : clients) {
          client.join();
        }
      }
      assertThat(failures).isEmpty();
      assertThat(asked.get()).isGreaterThan(250);
      Set<String> seen = ConcurrentHashMap.newKeySet();
      await()
          .atMost(LONG)
          .until(
              () -> {
                seen.add(answeredBy());
                return seen.size() == 5;
              });
      stopGateway();
    }
  }

  private void traffic(
      boolean streamed, AtomicBoolean over, AtomicInteger asked, List<String> failures) {
    while (!over.get() && failures.isEmpty()) {
      try {
        RawHttp.Answer answer = ask(streamed ? Chat.stream("hello", 20) : Chat.whole("hello"));
        boolean whole = !streamed || answer.text().endsWith("data: [DONE]\n\n");
        if (answer.status() != 200 || !whole) {
          failures.add(answer.status() + ": " + answer.text());
        }
        asked.incrementAndGet();
      } catch (Exception e) {
        failures.add(e.toString());
      }
    }
  }
}
