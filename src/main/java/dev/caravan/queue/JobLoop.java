package dev.caravan.queue;

import dev.caravan.ingress.ClientError;
import dev.caravan.outcome.Outcome;
import dev.caravan.queue.JobAttempt.Result;
import dev.caravan.queue.Poison.Reason;
import dev.caravan.time.Deadline;
import io.netty.channel.EventLoop;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/*
 * Which job runs when is decided on one event loop, which owns all that waits. Jobs run on all
 * loops. Only what is sent, and what brokers are told, is for threads that may wait.
 *
 * Jobs of one model wait in one lane, for they wait for the same servers. Of a lane one job at a
 * time looks for a server. Where it finds no room, or nobody well, the whole lane waits: a backlog
 * of any size asks as often as one job would.
 */

/**
 * Runs the jobs of one queue in their turn, again where they fail, until each comes to an end.
 * Owned by one event loop; the public face is {@link JobQueue}, which calls from any thread.
 */
final class JobLoop {
  /** What the routes say where a pool has servers, but no room for background work. */
  private static final String NO_ROOM = "no_background_room";

  private static final String UNKNOWN_MODEL = "model_not_found";

  /** How often the routes may fail at a job themselves; chosen without experiment. */
  private static final int ROUTE_FAILURES = 5;

  /** How long a job waits that has failed: longer each time, so that a server can recover. */
  private static final long BASE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private static final long CAP_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** How late it may be noticed that a deadline has passed while a job waits. */
  private static final long EXPIRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final JobWorks works;
  private final JobEnds ends;
  private final Runnable released;
  private final EventLoop home;
  private volatile @Nullable Open open;

  // ---- owned by the home loop
  private final Backlog backlog = new Backlog();
  private final Set<Job> held = new LinkedHashSet<>();
  private final Deadline wake;
  private long sequence;
  private long expiryNanos;
  private int running;

  // ---- shown to others
  private volatile int runningNow;
  private volatile long oldestMillis = -1;

  /**
   * A loop without jobs.
   *
   * @param released run for every job that is over, on any thread
   */
  JobLoop(JobWorks works, JobEnds ends, Runnable released) {
    this.works = works;
    this.ends = ends;
    this.released = released;
    home = works.loops().next();
    wake = new Deadline(home, works.ticker(), this::pump);
  }

  // ---- for any thread

  int running() {
    return runningNow;
  }

  /** When the oldest job that is not over was sent, by the wall clock; -1 where there is none. */
  long oldestMillis() {
    return oldestMillis;
  }

  void open(Open with) {
    open = with;
  }

  /** Starts no more, and gives back what has not begun. */
  void leave() {
    open = null;
    home.execute(() -> drop(waiting(job -> true), this::giveBack));
  }

  /** Gives back what still runs. */
  void cut() {
    home.execute(
        () -> {
          for (Job job : held) {
            JobAttempt attempt = job.attempt;
            if (job.state == Job.State.RUNS && attempt != null) {
              attempt.call().loop().execute(attempt::abandon);
            }
          }
        });
  }

  void accept(Job job) {
    home.execute(() -> take(job));
  }

  // ---- on the home loop

  private void take(Job job) {
    job.sequence = sequence++;
    held.add(job);
    oldest();
    if (open == null) {
      giveBack(job);
    } else {
      backlog.add(job);
      pump();
    }
  }

  // ---- jobs start

  private void pump() {
    Open with = open;
    if (with == null) {
      return;
    }
    long now = works.ticker().nanos();
    if (expiryNanos - now <= 0) {
      expiryNanos = now + EXPIRY_NANOS;
      long wall = works.clock().epochMillis();
      drop(waiting(job -> job.deadlineMillis() <= wall), this::expired);
    }
    List<Job> next;
    do {
      next = backlog.next(now, with.settings().inflight() - running);
      next.forEach(job -> start(job, backlog.lane(job), with));
    } while (!next.isEmpty());
    if (held.isEmpty()) {
      wake.clear();
    } else {
      wake.at(backlog.wakeNanos(expiryNanos));
    }
  }

  private List<Job> waiting(Predicate<Job> which) {
    return held.stream().filter(job -> job.state == Job.State.WAITS && which.test(job)).toList();
  }

  /** They are not to wait any longer. */
  private void drop(List<Job> jobs, Consumer<Job> then) {
    backlog.removeAll(jobs);
    jobs.forEach(then);
  }

  private void start(Job job, Lane lane, Open with) {
    long allowed = job.deadlineMillis() - works.clock().epochMillis();
    if (job.delivery().lost()) {
      lane.over();
      giveBack(job);
      return;
    }
    if (allowed <= 0) {
      lane.over();
      expired(job);
      return;
    }
    EventLoop loop = works.loops().next();
    JobAttempt attempt =
        new JobAttempt(
            job,
            loop,
            works.ticker(),
            works.tenants().apply(with.settings().tenant()),
            allowed,
            with.settings().maxBytes(),
            ends.parts(job),
            (tried, result) -> home.execute(() -> over(job, lane, result)));
    job.state = Job.State.RUNS;
    job.attempt = attempt;
    running++;
    runningNow = running;
    loop.execute(
        () -> {
          if (!attempt.ended()) {
            with.runner().run(attempt);
          }
          home.execute(() -> started(job, attempt, lane));
        });
  }

  @SuppressWarnings("ReferenceEquality") // this try or another one
  private void started(Job job, JobAttempt attempt, Lane lane) {
    if (job.attempt == attempt && job.state == Job.State.RUNS) {
      lane.started();
      pump();
    }
  }

  // ---- jobs end

  private void over(Job job, Lane lane, Result result) {
    running--;
    runningNow = running;
    job.state = Job.State.WAITS;
    lane.over();
    backlog.roomAgain();
    if (result instanceof Result.Answered answered && !answered.mendable()) {
      answered(job, answered);
    } else if (result instanceof Result.Answered answered && open != null) {
      again(job, 0, () -> answered(job, answered));
    } else if (result instanceof Result.Failed failed && open != null) {
      failed(job, failed);
    } else {
      giveBack(job);
    }
    pump();
  }

  private void answered(Job job, Result.Answered answer) {
    job.state = Job.State.ENDS;
    ends.answered(job, answer.status(), answer.body(), () -> gone(job));
  }

  private void failed(Job job, Result.Failed failed) {
    long now = works.ticker().nanos();
    ClientError error = failed.error();
    Outcome outcome = failed.outcome();
    if (UNKNOWN_MODEL.equals(error.code())) {
      dead(job, new Poison(Reason.UNKNOWN_MODEL, "no pool answers for its model"));
    } else if (outcome instanceof Outcome.Expired) {
      expired(job);
    } else if (NO_ROOM.equals(error.code())) {
      backlog.lane(job).noRoom(now);
      backlog.add(job);
    } else if (outcome instanceof Outcome.Refused && error.ofLimit()) {
      overLimit(job, error, now);
    } else if (outcome instanceof Outcome.Refused || outcome instanceof Outcome.Throttled) {
      // What was said is cut to whole milliseconds.
      long atLeast = TimeUnit.MILLISECONDS.toNanos(Math.max(0, error.retryAfterMillis()) + 1);
      backlog.lane(job).noServer(now, Math.min(CAP_NANOS, atLeast), works.chance().unit());
      backlog.add(job);
    } else {
      again(
          job,
          error.status() == 500 ? 1 : 0,
          () -> {
            job.state = Job.State.ENDS;
            ends.gaveUp(job, error, outcome, () -> gone(job));
          });
    }
  }

  /** A limit of its tenant or its pool is used up: it waits, and others of its lane need not. */
  private void overLimit(Job job, ClientError error, long now) {
    if (error.tooLarge()) {
      job.state = Job.State.ENDS;
      ends.gaveUp(job, error, new Outcome.Refused(error.message()), () -> gone(job));
      return;
    }
    long millis = error.retryAfterMillis();
    long wait = millis < 0 ? CAP_NANOS : Math.min(CAP_NANOS, TimeUnit.MILLISECONDS.toNanos(millis));
    // Not all of them at the same moment: one of them may use up what is there again.
    job.dueNanos = now + wait + (long) (works.chance().unit() * BASE_NANOS);
    backlog.addLater(job);
  }

  /**
   * It has failed, and tries again after a while.
   *
   * @param routeFailures 1 where the routes themselves failed
   * @param giveUp run instead where it has failed as often as it may
   */
  private void again(Job job, int routeFailures, Runnable giveUp) {
    ends.failed();
    job.failures++;
    job.routeFailures += routeFailures;
    if (job.routeFailures >= ROUTE_FAILURES) {
      dead(job, new Poison(Reason.ROUTES, "the routes failed at it " + ROUTE_FAILURES + " times"));
    } else if (job.failures >= ends.maxFailures()) {
      giveUp.run();
    } else {
      long bound = Math.min(CAP_NANOS, BASE_NANOS << Math.min(job.failures - 1, 10));
      long wait = bound / 2 + (long) (works.chance().unit() * bound / 2);
      job.dueNanos = works.ticker().nanos() + wait;
      backlog.addLater(job);
    }
  }

  private void expired(Job job) {
    job.state = Job.State.ENDS;
    ends.expired(job, () -> gone(job));
  }

  private void dead(Job job, Poison poison) {
    job.state = Job.State.ENDS;
    ends.dead(job, poison, () -> gone(job));
  }

  private void giveBack(Job job) {
    job.state = Job.State.ENDS;
    ends.returned(job, () -> gone(job));
  }

  /** Whatever came of it is durable, or its broker has it back. On any thread. */
  private void gone(Job job) {
    released.run();
    home.execute(
        () -> {
          held.remove(job);
          oldest();
          pump();
        });
  }

  private void oldest() {
    oldestMillis = held.isEmpty() ? -1 : held.iterator().next().sentMillis();
  }
}
