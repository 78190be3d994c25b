package dev.caravan.upstream;

import dev.caravan.fleet.Lease;
import dev.caravan.limit.Reservation;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import org.jspecify.annotations.Nullable;

/**
 * What a call has reserved of limits, and what its end makes of that: what its client got counts,
 * once, however many servers it took. Of the call's event loop.
 */
final class Bill {
  private final Reservation reservation;

  /** Events that the client has of servers that died within the answer. */
  private long eventsBefore;

  Bill(Reservation reservation) {
    this.reservation = reservation;
  }

  Reservation reservation() {
    return reservation;
  }

  /** Another server gets it; {@code before} was the last one's hold. */
  void leaves(Lease before) {
    eventsBefore += before.events();
  }

  /**
   * The call has ended.
   *
   * @param attempts how many times it was sent to a server
   * @param last the hold on the last of them
   */
  void settle(Outcome how, int attempts, @Nullable Lease last, boolean stream) {
    if (attempts == 0) {
      if (how instanceof Outcome.Completed) {
        reservation.settle(0); // the routes have answered it themselves
      } else {
        reservation.giveBack();
      }
    } else if (how instanceof Outcome.Completed done) {
      completed(done, last, stream);
    } else if (byTheClient(how) || (how instanceof Outcome.FailedAfter && events(last) > 0)) {
      cut(last, stream);
    } else {
      reservation.giveBack();
    }
  }

  /** The server has read the prompt, and the client has this much of the answer, or could have. */
  private void cut(@Nullable Lease last, boolean stream) {
    if (last != null && counted(last)) {
      reservation.settle(sum(last));
    } else if (!stream && last != null && last.timeToFirstByteNanos() >= 0) {
      // An answer in one piece is sent when all of it has been made.
      reservation.settle(reservation.tokens());
    } else {
      reservation.settle(reservation.promptTokens() + events(last));
    }
  }

  private void completed(Outcome.Completed done, @Nullable Lease last, boolean stream) {
    if (done.status() >= 500) {
      reservation.giveBack();
    } else if (done.status() >= 400) {
      reservation.settle(0); // the request was at fault, and took a server's time
    } else if (last != null && counted(last)) {
      if (eventsBefore > 0) {
        // The last server's prompt held what those before it had said: the sum is right.
        reservation.settle(sum(last));
      } else {
        reservation.settle(last.promptTokens(), last.completionTokens());
      }
    } else if (stream) {
      reservation.settle(reservation.promptTokens() + events(last));
    } else {
      reservation.settle(reservation.tokens());
    }
  }

  /** Whether the server has said what it cost. */
  private static boolean counted(Lease last) {
    return last.promptTokens() >= 0 || last.completionTokens() >= 0;
  }

  private static long sum(Lease last) {
    return Reservation.believed(last.promptTokens())
        + Reservation.believed(last.completionTokens());
  }

  private long events(@Nullable Lease last) {
    return eventsBefore + (last == null ? 0 : last.events());
  }

  /** Whether it was the client who ended it. */
  private static boolean byTheClient(Outcome how) {
    return how instanceof Outcome.ClientGone
        || how instanceof Outcome.Expired
        || (how instanceof Outcome.FailedBefore before && before.cause() == Cause.CLIENT_LIMIT)
        || (how instanceof Outcome.FailedAfter after && after.cause() == Cause.CLIENT_LIMIT);
  }
}
