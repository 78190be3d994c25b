package dev.caravan.upstream;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What is recorded of one request or job, for whoever follows it from system to system. Made by
 * {@link Tracing}; on a gateway that traces nothing there is none.
 *
 * <p>Of the call's event loop. A job's passes from loop to loop with its tries, and is ended by the
 * thread that told its broker.
 */
public interface Trace extends Spanned {

  /**
   * An attempt at a server begins.
   *
   * @param lease the call's there, which closes the attempt
   * @return what is recorded of it
   */
  AttemptTrace attempt(Call call, Lease lease, Target target);

  /**
   * It is over. Called once.
   *
   * @param call what was asked; null where that could not be read, or no try was made
   * @param status what was answered, or 0
   */
  void ended(@Nullable Call call, int status, Outcome outcome);
}
