package dev.caravan.speed;

import dev.caravan.fleet.Backend;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Balancers;
import dev.caravan.select.Selection;
import dev.caravan.select.Selector;
import dev.caravan.select.Tried;
import dev.caravan.time.Chance;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A decision of each other balancer among 64 servers. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class Decision {

  @Param({
    "round-robin",
    "weighted",
    "least-inflight",
    "least-tokens",
    "peak-ewma",
    "power-of-two",
    "consistent-hash"
  })
  String balancer;

  private Selector selector;
  private Backend[] backends;
  private InferenceRequest request;

  /** Idle servers. */
  @Setup
  public void fill() {
    backends = Fleets.servers(64);
    selector = Balancers.named(balancer, Chance.seeded(1));
    request = Fleets.chat(Fleets.text(8_192, 1), Fleets.text(24_576, 2));
  }

  /** One decision. */
  @Benchmark
  public Selection select() {
    return selector.select(request, backends, Tried.NONE, 10);
  }
}
