package dev.caravan.queue;

import dev.caravan.queue.Poison.Reason;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/*
 * A job is taken from its broker, waits for its turn, runs, and is over when its answer is durable.
 * All along it is held: what is held bounds the memory, and what a crash makes run again.
 */

/** The jobs of one {@code jobs:} endpoint, from the hand-over of a message to its answer. */
public final class JobQueue implements Intake {
  private static final Logger LOG = Logger.getLogger(JobQueue.class);

  private final String name;
  private final JobWorks works;
  private final Window window = new Window();
  private final JobEnds ends;
  private final JobLoop loop;
  private volatile @Nullable Open open;
  private volatile @Nullable JobReader reader;

  /** A queue that is closed yet. */
  public JobQueue(String name, JobWorks works) {
    this.name = name;
    this.works = works;
    ends =
        new JobEnds(
            name,
            works,
            () ->
                works.meters(
                    name,
                    this::running,
                    window::held,
                    this::oldestSeconds,
                    () -> open != null && room() <= 0 ? 1 : 0));
    loop = new JobLoop(works, ends, window::release);
  }

  private int running() {
    return loop.running();
  }

  private double oldestSeconds() {
    long oldest = loop.oldestMillis();
    return oldest < 0 ? 0 : Math.max(0, works.clock().epochMillis() - oldest) / 1000.0;
  }

  @Override
  public String name() {
    return name;
  }

  /** How many jobs it has and is not done with. */
  public int held() {
    return window.held();
  }

  /**
   * How a queue stands.
   *
   * @param over jobs that are over since the start
   * @param running jobs that are at a model server
   * @param held jobs that were taken and are not over
   * @param paused whether no more are taken for now
   */
  public record Standing(String name, long over, int running, int held, boolean paused) {}

  /** How it stands now. */
  public Standing standing() {
    return new Standing(name, ends.over(), running(), held(), open != null && room() <= 0);
  }

  /** Whether jobs are taken. */
  public boolean isOpen() {
    return open != null;
  }

  /** Whether each answer goes back the way its job came, and nowhere else. */
  public boolean answersGoBack() {
    Open with = open;
    return with != null && with.answers() == null;
  }

  // ---- its life

  /** Takes jobs from now on; where it does already, as that says. Those that it has stay. */
  public void open(Open with) {
    reader =
        new JobReader(
            name, with.settings(), works.ingress(), works.ticker(), works.clock(), works.chance());
    ends.open(with);
    loop.open(with);
    open = with;
    window.resize(with.settings().window());
  }

  /** Takes no more; gives back what has not begun. What runs goes on. */
  public void leave() {
    open = null;
    window.resize(0);
    loop.leave();
  }

  /** Gives back what still runs, or could not be sent yet. */
  public void cut() {
    ends.stop();
    loop.cut();
  }

  // ---- jobs come

  @Override
  public int room() {
    return works.admission().memoryShort() ? 0 : window.room();
  }

  @Override
  public boolean awaitRoom(long millis) throws InterruptedException {
    return window.await(millis, works.ticker());
  }

  @Override
  public void offer(QueueMessage message, Delivery delivery) {
    JobReader with = reader;
    if (open == null || with == null) {
      works.workers().execute(delivery::handBack);
      return;
    }
    window.take();
    ends.came(message);
    try {
      Job job = with.read(message, delivery);
      if (ends.isNew(job)) {
        loop.accept(job);
      } else {
        ends.repeated(job, window::release);
      }
    } catch (Poison poison) {
      ends.dead(message, delivery, poison, window::release);
    } catch (RuntimeException e) {
      // Held for ever, it would hold up its partition.
      LOG.errorf(e, "jobs:%s: message %s could not be read", name, message.origin());
      ends.dead(
          message,
          delivery,
          new Poison(Reason.INVALID_MESSAGE, "the gateway failed at reading it"),
          window::release);
    }
  }

  /**
   * A message came that has no bytes to read.
   *
   * @param reason one sentence for the operator
   */
  public void offerUnreadable(QueueMessage message, Delivery delivery, String reason) {
    if (open == null) {
      works.workers().execute(delivery::handBack);
      return;
    }
    window.take();
    ends.came(message);
    ends.dead(message, delivery, new Poison(Reason.UNREADABLE, reason), window::release);
  }
}
