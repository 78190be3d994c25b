package dev.caravan.fleet;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Completed;
import java.net.URI;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/** Counting and closing under every interleaving that the model checker comes to. */
class LeaseInterleavingTest {

  @Test
  void places_enteredAndLeft_linearizable() {
    options().check(Places.class);
  }

  @Test
  void close_severalClosers_oneWinsAndOneLearns() {
    options().check(Closing.class);
  }

  private static ModelCheckingOptions options() {
    // Chosen without experiment: a few seconds on two cores.
    return new ModelCheckingOptions()
        .iterations(5)
        .invocationsPerIteration(200)
        .threads(3)
        .actorsPerThread(2)
        .actorsBefore(0)
        .actorsAfter(1);
  }

  private static Backend server() {
    URI url = URI.create("http://10.0.0.11:8000");
    return new Backend(new BackendSpec("gpu-a", url, 1, 2, null, null, null, Map.of()));
  }

  /** A server with two places, one of them taken. */
  public static class Places {
    private final Backend backend = server();

    public Places() {
      backend.enter();
    }

    @Operation
    public boolean enter() {
      return backend.enter();
    }

    @Operation(runOnce = true)
    public void leave() {
      backend.leave();
    }

    @Operation
    public int inflight() {
      return backend.inflight();
    }

    @Validate
    public void countIsWithinTheLimit() {
      int inflight = backend.inflight();
      if (inflight < 0 || inflight > 2) {
        throw new AssertionError(inflight + " in flight of 2");
      }
    }
  }

  /** One open lease. */
  @Param(name = "status", gen = IntGen.class, conf = "200:202")
  public static class Closing {
    private final Backend backend = server();
    private final AtomicInteger learnt = new AtomicInteger();
    private final Lease lease = Objects.requireNonNull(Lease.open(backend, "llama", () -> 0));

    public Closing() {
      backend.onClose(this::learn);
    }

    private void learn(Lease closed, Outcome outcome) {
      learnt.incrementAndGet();
    }

    @Operation(params = "status")
    public boolean close(int status) {
      return lease.close(new Completed(status));
    }

    @Operation
    public boolean closed() {
      return lease.closed();
    }

    @Validate
    public void closedOnceOrStillOpen() {
      int ended = lease.closed() ? 1 : 0;
      if (learnt.get() != ended || backend.inflight() != 1 - ended) {
        throw new AssertionError(
            "ended " + ended + ", learnt " + learnt + ", in flight " + backend.inflight());
      }
    }
  }
}
