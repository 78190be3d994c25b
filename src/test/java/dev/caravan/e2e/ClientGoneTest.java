package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.Fault;
import dev.caravan.simulator.ReceivedRequest;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHttp;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A client that leaves takes its request with it, whatever the server is doing. */
class ClientGoneTest extends EndToEnd {
  private SimulatedServer server;

  @BeforeEach
  void startOne() throws Exception {
    server = simulated("only");
    start(PoolYaml.single(server.uri()));
  }

  private void awaitAborted(int count) throws Exception {
    await().atMost(LONG).until(() -> server.aborted() == count);
    gateway().awaitIdle();
    assertThat(server.running()).isZero();
    assertThat(server.requests(Chat.PATH)).allMatch(r -> r.end() == ReceivedRequest.End.ABORTED);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == count);
    assertThat(gateway().accessLog()).allMatch(line -> line.contains("\"client_gone\""));
  }

  private void awaitRunning(int count) {
    await().atMost(LONG).until(() -> server.running() == count);
  }

  @Test
  void beforeTheHead_theServerSeesTheAbort() throws Exception {
    server.fault(new Fault.HangBeforeHead());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 5));
    awaitRunning(1);
    assertThat(gateway().inflight()).isEqualTo(1);
    client.close();
    awaitAborted(1);
  }

  @Test
  void beforeTheFirstToken_theServerSeesTheAbort() throws Exception {
    server.fault(new Fault.HangBeforeFirstToken());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 5));
    awaitRunning(1);
    client.close();
    awaitAborted(1);
  }

  @Test
  void midStream_theServerSeesTheAbort() throws Exception {
    server.fault(new Fault.HangMidStream(3));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 50));
    client.head();
    client.chunk();
    assertThat(gateway().inflight()).isEqualTo(1);
    client.close();
    awaitAborted(1);
  }

  @Test
  void midStream_whileTokensFlow_theServerSeesTheAbort() throws Exception {
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 100_000));
    client.head();
    client.chunk();
    client.reset();
    awaitAborted(1);
    assertThat(server.requests(Chat.PATH).get(0).emittedAtNanos().length).isLessThan(100_000);
  }

  @Test
  void notStreamed_theServerSeesTheAbort() throws Exception {
    server.fault(new Fault.HangMidStream(0)); // an answer in one piece never comes
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"));
    awaitRunning(1);
    client.close();
    awaitAborted(1);
  }

  @Test
  void withRequestsPipelined_noneOfThemIsSent() throws Exception {
    server.fault(new Fault.HangBeforeHead());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("first"));
    client.post(Chat.PATH, Chat.whole("second"));
    awaitRunning(1);
    client.close();
    awaitAborted(1);
    assertThat(server.received()).isEqualTo(1);
  }

  @Test
  void manyAtOnce_leaveNothingBehind() throws Exception {
    server.fault(new Fault.HangMidStream(2));
    RawHttp[] clients = new RawHttp[30];
    for (int i = 0; i < clients.length; i++) {
      clients[i] = client();
      clients[i].post(Chat.PATH, i % 2 == 0 ? Chat.stream("n" + i, 9) : Chat.whole("n" + i));
    }
    awaitRunning(clients.length);
    for (RawHttp client : clients) {
      client.close();
    }
    awaitAborted(clients.length);
  }

  @Test
  void afterwards_aNewRequestIsAnswered() throws Exception {
    server.fault(new Fault.HangBeforeHead());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"));
    awaitRunning(1);
    client.close();
    awaitAborted(1);
    server.heal();
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
  }
}
