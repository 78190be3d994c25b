package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.testing.Authority;
import dev.caravan.testing.Authority.Issued;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates of the port change while it runs, as the kubelet swaps a Secret. */
class CertificatesChangeTest extends EndToEnd {
  private static final Authority CA = new Authority("authority");
  private static final int ROTATIONS = 20;

  @TempDir Path directory;
  private Secured secured;

  @BeforeEach
  void mount() throws IOException {
    secured = new Secured(directory);
    secured.mount("server", issued(0));
  }

  private static Issued issued(int number) {
    return CA.issue("gateway " + number, "localhost", "127.0.0.1");
  }

  private TestGateway open() throws Exception {
    return start(PoolYaml.single(simulated("steady").uri()), secured.port("server"));
  }

  private double reloads(String result) {
    return gateway()
        .meters()
        .get("caravan.tls.reloads")
        .tags("entry", "port", "result", result)
        .functionCounter()
        .count();
  }

  private double secondsLeft() {
    return gateway().meters().get("caravan.tls.certificate.expiry.seconds").gauge().value();
  }

  /** Who answers a new connection, which takes nothing up again. */
  private static String subject(int port) throws IOException {
    try (SSLSocket socket = Secured.connect(port, CA.context(null), p -> {})) {
      return String.valueOf(Secured.subject(socket));
    }
  }

  @Test
  void newCertificate_isForNewConnections_andStreamsGoOn() throws Exception {
    int port = open().port();
    SSLContext client = CA.context(null);
    try (RawHttp before = new RawHttp(Secured.connect(port, client, p -> {}))) {
      RawHead head = before.post(Chat.PATH, Chat.stream("s", 60)).head();
      assertThat(head.status()).isEqualTo(200);
      double left = secondsLeft();
      secured.mount("server", CA.issue("renewed", -1, 700, "localhost", "127.0.0.1"));
      await().atMost(LONG).until(() -> subject(port).contains("CN=renewed"));
      assertThat(new String(before.body(head), StandardCharsets.UTF_8))
          .endsWith("data: [DONE]\n\n");
      // The old connection serves on.
      assertThat(before.post(Chat.PATH, Chat.whole("again")).answer().status()).isEqualTo(200);
      assertThat(secondsLeft()).isGreaterThan(left + TimeUnit.DAYS.toSeconds(300));
    }
    assertThat(reloads("renewed")).isEqualTo(1);
    assertThat(reloads("failed")).isZero();
  }

  @Test
  void badFiles_changeNothing_areLoggedOnce_andCounted() throws Exception {
    int port = open().port();
    Issued good = issued(1);
    Issued old = CA.issue("old", -10, -1, "127.0.0.1");
    String[][] bad = {
      {good.pem(), issued(2).keyPem(), "the private key is not that of the certificate"},
      {"garbage", good.keyPem(), "cannot be read"},
      {old.pem(), old.keyPem(), "is good from"},
    };
    for (String[] each : bad) {
      double before = reloads("failed");
      try (CapturedLog log = CapturedLog.of("dev.caravan.tls")) {
        secured.mount("server", each[0], each[1]);
        await().atMost(LONG).until(() -> reloads("failed") >= before + 4);
        assertThat(log.lines()).filteredOn(line -> line.startsWith("ERROR")).hasSize(1);
        assertThat(log.lines()).anyMatch(line -> line.contains(each[2]));
        assertThat(log.lines()).noneMatch(line -> line.contains("PRIVATE"));
      }
      assertThat(subject(port)).contains("CN=gateway 0");
    }
    secured.mount("server", good);
    await().atMost(LONG).until(() -> subject(port).contains("CN=gateway 1"));
    assertThat(reloads("renewed")).isEqualTo(1);
  }

  @Test
  void underLoad_noRequestFails() throws Exception {
    int port = open().port();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger rotated = new AtomicInteger();
    ExecutorService clients = Executors.newFixedThreadPool(4);
    for (int i = 0; i < 4; i++) {
      boolean keeps = i < 2;
      clients.execute(
          () -> {
            SSLContext context = CA.context(null);
            try {
              while (rotated.get() < ROTATIONS) {
                try (RawHttp client = new RawHttp(Secured.connect(port, context, p -> {}))) {
                  do {
                    boolean streamed = answered.get() % 2 == 0;
                    client.post(Chat.PATH, streamed ? Chat.stream("s", 20) : Chat.whole("w"));
                    RawHttp.Answer answer = client.answer();
                    if (answer.status() != 200
                        || (streamed && !answer.text().endsWith("data: [DONE]\n\n"))) {
                      failures.add(answer.status() + " " + answer.text());
                    }
                    answered.incrementAndGet();
                  } while (keeps && rotated.get() < ROTATIONS);
                }
              }
            } catch (IOException | RuntimeException e) {
              failures.add(e.toString());
            }
          });
    }
    for (int i = 1; i <= ROTATIONS; i++) {
      double before = reloads("renewed");
      secured.mount("server", issued(i));
      await().atMost(LONG).until(() -> reloads("renewed") > before);
      rotated.set(i);
    }
    clients.shutdown();
    assertThat(clients.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    assertThat(failures).isEmpty();
    assertThat(answered.get()).isGreaterThan(ROTATIONS);
    assertThat(subject(port)).contains("CN=gateway " + ROTATIONS);
  }
}
