package dev.caravan.speed;

import dev.caravan.fleet.Backend;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Balancers;
import dev.caravan.select.Means;
import dev.caravan.select.PrefixIndex;
import dev.caravan.select.Selection;
import dev.caravan.select.Selector;
import dev.caravan.select.Tried;
import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A decision of prefix-affinity for a prompt of 32,768 tokens that was read already. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class AffinityDecision {

  /** Who has the prompt. */
  public enum Held {
    /** Nobody has any of it. */
    NOTHING,
    /** Everyone has the first 8,192 tokens, one server all. */
    BEGINNING,
    /** Every server has another part of it. */
    PARTS,
    /** Everyone has all of it. */
    ALL
  }

  @Param({"64", "1000"})
  int servers;

  @Param Held held;

  private Selector selector;
  private Backend[] backends;
  private InferenceRequest[] requests;
  private int turn;

  /** Fills the index: every server was sent other prompts as well. */
  @Setup
  public void fill() {
    backends = Fleets.servers(servers);
    Chance chance = Chance.seeded(1);
    PrefixIndex index = PrefixIndex.ofSize(16 << 20);
    selector = Balancers.named("prefix-affinity", new Means(chance, Ticker.system(), index));
    Random random = new Random(2);
    for (int i = 0; i < 2_000; i++) {
      InferenceRequest other = Fleets.chat(Fleets.text(2_048, i % 10), Fleets.text(14_000, i));
      selector.sent(other, backends, random.nextInt(servers));
    }
    requests = new InferenceRequest[8];
    for (int i = 0; i < requests.length; i++) {
      String system = Fleets.text(8_192, 100 + i);
      String user = Fleets.text(24_576, 200 + i);
      requests[i] = Fleets.chat(system, user);
      for (int server = 0; server < servers; server++) {
        switch (held) {
          case NOTHING -> {}
          case BEGINNING ->
              selector.sent(server == i ? requests[i] : Fleets.chat(system, "x"), backends, server);
          case PARTS ->
              selector.sent(
                  Fleets.chat(
                      system,
                      user.substring(0, 1 + (int) ((long) user.length() * server / servers))),
                  backends,
                  server);
          case ALL -> selector.sent(requests[i], backends, server);
        }
      }
    }
  }

  /** One decision. */
  @Benchmark
  public Selection select() {
    turn = (turn + 1) % requests.length;
    return selector.select(requests[turn], backends, Tried.NONE, 10);
  }
}
