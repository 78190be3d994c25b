package dev.caravan.tenant;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** It is being found out who asks. Safe for any thread. */
public final class Pending implements Standing {
  private final CompletableFuture<Standing> found = new CompletableFuture<>();

  Pending() {}

  /** It is known now; the first word counts. */
  void found(Standing who) {
    found.complete(who);
  }

  /** Tells who it was, a {@link Client} or {@link Denied}, once, over that executor. */
  public void then(Executor on, Consumer<Standing> told) {
    found.thenAcceptAsync(told, on);
  }
}
