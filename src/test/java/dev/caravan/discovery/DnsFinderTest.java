package dev.caravan.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.DnsServer;
import dev.caravan.testing.NoLeaks;
import dev.caravan.time.Chance;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Servers are found by their names, at a real name server on loopback. */
@ExtendWith(NoLeaks.class)
class DnsFinderTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final String NAME = "vllm.test";

  private final DnsServer server = new DnsServer();
  private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
  private final Told told = new Told();
  private final List<AutoCloseable> open = new ArrayList<>();

  /** What a listener was told. */
  private static final class Told implements Finder.Listener {
    final List<List<Found>> found = new CopyOnWriteArrayList<>();
    final List<String> failures = new CopyOnWriteArrayList<>();

    @Override
    public void found(List<Found> servers) {
      found.add(servers);
    }

    @Override
    public void failed(String why) {
      failures.add(why);
    }

    List<String> hosts() {
      return found.isEmpty()
          ? List.of("nothing was told")
          : found.get(found.size() - 1).stream().map(Found::host).toList();
    }
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    server.close();
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private Runnable watch(String place) {
    return watch(place, 100, 100, server.address());
  }

  private Runnable watch(
      String place, long minTtlMillis, long maxTtlMillis, InetSocketAddress... servers) {
    DnsFinder finder =
        new DnsFinder(
            loops.next(),
            NioDatagramChannel::new,
            NioSocketChannel::new,
            new DnsSettings(List.of(servers), minTtlMillis, maxTtlMillis, 500, 3),
            Chance.seeded(1));
    open.add(finder);
    Place where = Place.of(place);
    assertThat(where).isNotNull();
    Runnable stop = finder.watch(where, told);
    open.add(0, stop::run);
    return stop;
  }

  private void awaitHosts(String... hosts) {
    await()
        .atMost(LONG)
        .untilAsserted(() -> assertThat(told.hosts()).containsExactlyInAnyOrder(hosts));
  }

  @Test
  void addresses_ofBothKinds_areFound() {
    server.addresses(NAME, 30, "10.0.0.2", "10.0.0.1", "fd00::1");
    watch("dns:" + NAME + ":8000");
    awaitHosts("10.0.0.1", "10.0.0.2", "fd00:0:0:0:0:0:0:1");
    assertThat(told.found.get(0)).extracting(Found::port).containsOnly(8000);
    assertThat(told.found.get(0)).extracting(Found::key).doesNotHaveDuplicates();
  }

  @Test
  void answerThatDoesNotFitIntoADatagram_isAskedForOnAStream() {
    String[] many = IntStream.range(1, 201).mapToObj(i -> "10.0.1." + i).toArray(String[]::new);
    server.addresses(NAME, 30, many).datagramRecords(100);
    watch("dns:" + NAME + ":8000");
    awaitHosts(many);
    assertThat(told.found).as("nothing was told of the part").hasSize(1);
    assertThat(server.streamed()).isPositive();
  }

  @Test
  void changes_areSeen_whateverTheOrderOfTheAnswer() {
    server.addresses(NAME, 0, "10.0.0.1", "10.0.0.2");
    watch("dns:" + NAME);
    awaitHosts("10.0.0.1", "10.0.0.2");
    server.addresses(NAME, 0, "10.0.0.2", "10.0.0.1");
    int asked = server.asked(NAME, DnsRecordType.A);
    await().atMost(LONG).until(() -> server.asked(NAME, DnsRecordType.A) > asked + 2);
    assertThat(told.found.stream().distinct()).hasSize(1);
    server.addresses(NAME, 0, "10.0.0.2", "10.0.0.3");
    awaitHosts("10.0.0.2", "10.0.0.3");
  }

  @Test
  void answerThatHoldsForLong_isAskedForAgainAfterTheCeiling() {
    server.addresses(NAME, 86_400, "10.0.0.1");
    watch("dns:" + NAME);
    await().atMost(LONG).until(() -> server.asked(NAME, DnsRecordType.A) > 3);
  }

  @Test
  void answerThatHoldsForNoTime_isAskedForAgainAfterTheFloorOnly() {
    server.addresses(NAME, 0, "10.0.0.1");
    watch("dns:" + NAME, 3_600_000, 3_600_000, server.address());
    awaitHosts("10.0.0.1");
    assertThat(server.asked(NAME, DnsRecordType.A)).isEqualTo(1);
  }

  @Test
  void servfail_keepsWhatWasFound() {
    server.addresses(NAME, 0, "10.0.0.1");
    watch("dns:" + NAME);
    awaitHosts("10.0.0.1");
    server.always(DnsResponseCode.SERVFAIL);
    await().atMost(LONG).until(() -> told.failures.size() > 5);
    assertThat(told.failures.get(0)).contains("127.0.0.1 said").contains("ServFail");
    assertThat(told.hosts()).containsExactly("10.0.0.1");
    server.addresses(NAME, 0, "10.0.0.9").always(null);
    awaitHosts("10.0.0.9");
  }

  @Test
  void refused_isNoAnswerEither() {
    server.addresses(NAME, 0, "10.0.0.1");
    watch("dns:" + NAME);
    awaitHosts("10.0.0.1");
    server.always(DnsResponseCode.REFUSED);
    await().atMost(LONG).until(() -> told.failures.size() > 5);
    assertThat(told.hosts()).containsExactly("10.0.0.1");
  }

  @Test
  void silence_keepsWhatWasFound() {
    server.addresses(NAME, 0, "10.0.0.1");
    watch("dns:" + NAME);
    awaitHosts("10.0.0.1");
    server.silent(true);
    await().atMost(LONG).until(() -> told.failures.size() > 1);
    assertThat(told.failures.get(0)).contains("did not answer");
    assertThat(told.hosts()).containsExactly("10.0.0.1");
  }

  @Test
  void nameServerThatIsSilent_isPassedOver() {
    try (DnsServer other = new DnsServer()) {
      server.silent(true);
      other.addresses(NAME, 30, "10.0.0.7");
      watch("dns:" + NAME, 100, 100, server.address(), other.address());
      awaitHosts("10.0.0.7");
      assertThat(told.failures).isEmpty();
      open.forEach(DnsFinderTest::closed);
      open.clear();
    }
  }

  private static void closed(AutoCloseable each) {
    try {
      each.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void nobody_isBelievedAfterThreeAnswersInARow() {
    server.addresses(NAME, 0, "10.0.0.1");
    watch("dns:" + NAME);
    awaitHosts("10.0.0.1");
    server.forget(NAME);
    awaitHosts();
    assertThat(told.failures).hasSize(2).allMatch(why -> why.contains("no addresses now"));
  }

  @Test
  void nobodyNow_andSomebodyThen_isForgotten() {
    server.addresses(NAME, 0, "10.0.0.1");
    watch("dns:" + NAME);
    awaitHosts("10.0.0.1");
    for (int i = 0; i < 3; i++) {
      int failures = told.failures.size();
      server.forget(NAME);
      await().atMost(LONG).until(() -> told.failures.size() > failures);
      int before = told.found.size();
      server.addresses(NAME, 0, "10.0.0.1");
      await().atMost(LONG).until(() -> told.found.size() > before + 1);
    }
    assertThat(told.found).doesNotContain(List.of());
  }

  @Test
  void nobodyFromTheStart_isBelievedAtOnce() {
    watch("dns:" + NAME);
    awaitHosts();
    server.addresses(NAME, 0, "10.0.0.1");
    awaitHosts("10.0.0.1");
  }

  @Test
  void kindThatFails_keepsItsAddresses_whileTheOtherChanges() {
    server.addresses(NAME, 0, "10.0.0.1", "fd00::1");
    watch("dns:" + NAME);
    awaitHosts("10.0.0.1", "fd00:0:0:0:0:0:0:1");
    server.addresses(NAME, 0, "10.0.0.2").fails(NAME, DnsRecordType.AAAA);
    awaitHosts("10.0.0.2", "fd00:0:0:0:0:0:0:1");
  }

  @Test
  void services_areTheTargetsOfTheBestPriority_withTheirPorts() {
    server
        .services(
            "_http._tcp." + NAME, 30, "10 0 8001 a.test", "10 5 8002 b.test", "20 0 8003 c.test")
        .addresses("a.test", 30, "10.0.0.1")
        .addresses("b.test", 30, "10.0.0.2")
        .addresses("c.test", 30, "10.0.0.3");
    watch("srv:_http._tcp." + NAME);
    awaitHosts("10.0.0.1", "10.0.0.2");
    assertThat(told.found.get(0))
        .extracting(Found::key)
        .containsExactly("10.0.0.1-8001", "10.0.0.2-8002");
  }

  @Test
  void services_onOneAddress_areToldApartByPort() {
    server
        .services("_http._tcp." + NAME, 0, "0 0 8001 a.test", "0 0 8002 a.test")
        .addresses("a.test", 0, "10.0.0.1");
    watch("srv:_http._tcp." + NAME);
    await().atMost(LONG).until(() -> !told.found.isEmpty() && told.found.get(0).size() == 2);
    server.services("_http._tcp." + NAME, 0, "0 0 8002 a.test");
    await()
        .atMost(LONG)
        .untilAsserted(
            () ->
                assertThat(told.found.get(told.found.size() - 1))
                    .extracting(Found::key)
                    .containsExactly("10.0.0.1-8002"));
  }

  @Test
  void alias_isFollowed() {
    server.alias(NAME, 30, "real.test").addresses("real.test", 30, "10.0.0.5");
    watch("dns:" + NAME);
    awaitHosts("10.0.0.5");
  }

  @Test
  void aliasOfItself_isAFailure() {
    server.alias(NAME, 30, NAME);
    watch("dns:" + NAME);
    await().atMost(LONG).until(() -> !told.failures.isEmpty());
    assertThat(told.failures.get(0)).contains("aliases");
    assertThat(told.found).isEmpty();
  }

  @Test
  void targetThatIsNoName_takesNoOtherWithIt() {
    server
        .services("_http._tcp." + NAME, 0, "0 0 8001 a.test", "0 0 8002 b\uFFFDd.test")
        .addresses("a.test", 0, "10.0.0.1");
    watch("srv:_http._tcp." + NAME);
    awaitHosts("10.0.0.1");
    server.addresses("a.test", 0, "10.0.0.2");
    awaitHosts("10.0.0.2");
  }

  @Test
  void watchThatEnds_asksNoMore() {
    server.addresses(NAME, 0, "10.0.0.1");
    Runnable stop = watch("dns:" + NAME);
    awaitHosts("10.0.0.1");
    stop.run();
    // Whatever was under way is over when a later task of the loop has run.
    loops.next().submit(() -> {}).awaitUninterruptibly();
    int told = this.told.found.size();
    try (DnsServer other = new DnsServer()) {
      other.addresses("other.test", 0, "10.0.0.2");
      watch("dns:other.test", 100, 100, other.address());
      await().atMost(LONG).until(() -> other.asked("other.test", DnsRecordType.A) > 4);
      open.forEach(DnsFinderTest::closed);
      open.clear();
    }
    assertThat(this.told.found.stream().skip(told).flatMap(List::stream).map(Found::host))
        .doesNotContain("10.0.0.1");
  }
}
