package dev.caravan.telemetry;

import dev.caravan.upstream.Spanned;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * Which span the numbers belong to that this thread records now, so that a histogram can name one
 * request of each bucket. Only recorded spans count.
 */
public final class Exemplars {
  private static final FastThreadLocal<@Nullable Spanned> CURRENT = new FastThreadLocal<>();

  private Exemplars() {}

  /** The span of what is recorded now; null for none. */
  public static @Nullable Spanned current() {
    return CURRENT.getIfExists();
  }

  /**
   * What is recorded from now on, until {@link #end}, belongs to a span.
   *
   * @param trace the span, if it is one
   * @return whether there is something to end
   */
  static boolean begin(@Nullable Object trace) {
    if (trace instanceof Spanned spanned && spanned.sampled()) {
      CURRENT.set(spanned);
      return true;
    }
    return false;
  }

  static void end() {
    CURRENT.set(null);
  }
}
