package dev.caravan.queue;

import dev.caravan.time.LogThrottle;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Sends a streamed answer's events as they come, one after the other, before the whole answer goes.
 * A part that cannot be sent is lost and the rest go on: the whole answer has it. Events come on
 * the attempt's event loop; sending is for threads that may wait.
 */
final class Parts {
  private static final Logger LOG = Logger.getLogger(Parts.class);

  /** Parts that wait to be sent; beyond that the server is read no further. */
  private static final int MOST = 64;

  private final Job job;
  private final Outlet outlet;
  private final Executor workers;
  private final LogThrottle throttle;
  private final ArrayDeque<Outgoing> waiting = new ArrayDeque<>();
  private @Nullable JobAttempt attempt;
  private int sequence;
  private boolean sending;
  private boolean paused;
  private @Nullable Runnable whenSent;

  Parts(Job job, Outlet outlet, Executor workers, LogThrottle throttle) {
    this.job = job;
    this.outlet = outlet;
    this.workers = workers;
    this.throttle = throttle;
  }

  /** A server's answer begins; what an earlier one had begun is void. */
  synchronized void begin(JobAttempt now) {
    attempt = now;
    sequence = 0;
    paused = false;
  }

  /** One event's data. */
  void part(String data) {
    Map<String, String> headers = new HashMap<>();
    headers.put(JobHeaders.CUSTOM_ID, job.customId());
    headers.put(JobHeaders.ATTEMPT, Integer.toString(job.failures + 1));
    synchronized (this) {
      headers.put(JobHeaders.SEQUENCE, Integer.toString(sequence++));
      waiting.add(
          new Outgoing(
              AnswerLine.part(job, data),
              outlet.destination(),
              job.customId(),
              headers,
              job.message().correlationId(),
              Sender.JSON));
      if (sending) {
        return;
      }
      sending = true;
    }
    workers.execute(this::next);
  }

  synchronized boolean full() {
    paused |= waiting.size() > MOST;
    return paused;
  }

  /** Runs a task when all that came so far is sent, or at once. */
  void then(Runnable task) {
    synchronized (this) {
      if (sending) {
        whenSent = task;
        return;
      }
    }
    task.run();
  }

  private void next() {
    Outgoing part;
    Runnable last = null;
    JobAttempt resume = null;
    synchronized (this) {
      part = waiting.poll();
      if (part == null) {
        sending = false;
        last = whenSent;
        whenSent = null;
      }
      if (paused && waiting.size() <= MOST / 2) {
        paused = false;
        resume = attempt;
      }
    }
    if (resume != null) {
      JobAttempt waits = resume;
      waits.call().loop().execute(() -> waits.pause(false));
    }
    if (part != null) {
      outlet.send(part, this::sent);
    } else if (last != null) {
      last.run();
    }
  }

  private void sent(@Nullable Exception failure) {
    if (failure != null && throttle.enter() >= 0) {
      LOG.warnf("A part of an answer could not be sent to %s: %s", outlet.destination(), failure);
    }
    workers.execute(this::next);
  }
}
