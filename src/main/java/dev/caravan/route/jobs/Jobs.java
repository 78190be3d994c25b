package dev.caravan.route.jobs;

import dev.caravan.ingress.Drain;
import dev.caravan.ingress.Staged;
import dev.caravan.queue.JobQueue;
import dev.caravan.queue.JobWorks;
import dev.caravan.queue.Open;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.camel.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The queues of jobs by name; each lives as long as the gateway, and keeps its jobs while another
 * route takes over what runs them. Safe for any thread.
 */
public final class Jobs implements Drain.Beside, Staged {
  private final JobWorks works;
  private final ConcurrentHashMap<String, JobQueue> byName = new ConcurrentHashMap<>();

  // ---- guarded by this
  private final Map<String, Opened> opened = new HashMap<>();
  private @Nullable Map<String, Opened> staged;
  private Set<Consumer> leaving = Set.of();

  /** Who runs the jobs of a queue, and with what. */
  private record Opened(Consumer by, Open with) {}

  /** No queue yet. */
  public Jobs(JobWorks works) {
    this.works = works;
  }

  JobQueue named(String name) {
    return byName.computeIfAbsent(name, each -> new JobQueue(each, works));
  }

  /** A consumer runs the jobs of a queue from now on, or from the commit of the change. */
  synchronized void open(JobQueue queue, Consumer by, Open with) {
    if (staged != null) {
      staged.put(queue.name(), new Opened(by, with));
    } else {
      opened.put(queue.name(), new Opened(by, with));
      queue.open(with);
    }
  }

  /** A consumer stops; its queue takes no more unless another runs its jobs. */
  @SuppressWarnings("ReferenceEquality") // this one or another
  synchronized void leave(JobQueue queue, Consumer by) {
    Opened now = opened.get(queue.name());
    if (now != null && now.by == by) {
      opened.remove(queue.name());
      queue.leave();
    }
  }

  /** What a queue works with now; null where no route runs its jobs. */
  synchronized @Nullable Open now(String name) {
    Opened now = opened.get(name);
    return now == null ? null : now.with;
  }

  @Override
  public synchronized void stage(Predicate<Consumer> leaves) {
    staged = new HashMap<>();
    leaving =
        opened.values().stream()
            .map(Opened::by)
            .filter(leaves)
            .collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public synchronized void commit() {
    Map<String, Opened> next = staged == null ? Map.of() : staged;
    staged = null;
    Set<Consumer> gone = leaving;
    leaving = Set.of();
    for (Map.Entry<String, Opened> each : Map.copyOf(opened).entrySet()) {
      if (gone.contains(each.getValue().by) && !next.containsKey(each.getKey())) {
        opened.remove(each.getKey());
        named(each.getKey()).leave();
      }
    }
    next.forEach(
        (name, each) -> {
          opened.put(name, each);
          named(name).open(each.with);
        });
  }

  @Override
  public synchronized void drop() {
    staged = null;
    leaving = Set.of();
  }

  /** How every queue stands now that takes jobs or has some, by name. */
  public List<JobQueue.Standing> standings() {
    return byName.values().stream()
        .filter(queue -> queue.isOpen() || queue.held() > 0)
        .map(JobQueue::standing)
        .sorted(Comparator.comparing(JobQueue.Standing::name))
        .toList();
  }

  @Override
  public long running() {
    return byName.values().stream().mapToLong(JobQueue::held).sum();
  }

  @Override
  public void leave() {
    byName.values().forEach(JobQueue::leave);
  }

  @Override
  public void cut() {
    byName.values().forEach(JobQueue::cut);
  }
}
