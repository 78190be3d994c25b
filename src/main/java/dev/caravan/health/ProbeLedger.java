package dev.caravan.health;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Fleet;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the probes found out about each server, and what follows: a server whose probes fail several
 * times in a row is ejected, and restored when they succeed several times in a row. In between,
 * nothing changes, so that one lost probe neither ejects a server nor one lucky one restores it.
 *
 * <p>Safe for any thread; results of one server count in the order in which they are reported. It
 * touches a server's availability and breaker alone, never its in-flight count.
 */
public final class ProbeLedger {
  private static final Logger LOG = LoggerFactory.getLogger(ProbeLedger.class);

  private final int failuresToEject;
  private final int successesToRestore;
  private final Fleet fleet;
  private final Breakers breakers;
  private final HealthListener listener;
  private final ConcurrentHashMap<String, Page> pages = new ConcurrentHashMap<>();

  /**
   * A ledger in which nothing is written yet.
   *
   * @param failuresToEject failed probes in a row that eject a server, from 1
   * @param successesToRestore good probes in a row that restore it, from 1
   */
  public ProbeLedger(
      int failuresToEject,
      int successesToRestore,
      Fleet fleet,
      Breakers breakers,
      HealthListener listener) {
    if (failuresToEject < 1 || successesToRestore < 1) {
      throw new IllegalArgumentException(
          "caravan.probe.failures and caravan.probe.successes must be at least 1, but are "
              + failuresToEject
              + " and "
              + successesToRestore);
    }
    this.failuresToEject = failuresToEject;
    this.successesToRestore = successesToRestore;
    this.fleet = fleet;
    this.breakers = breakers;
    this.listener = listener;
  }

  /**
   * How the probes of one server stand. Immutable.
   *
   * @param failures failed probes in a row, 0 after a good one
   * @param successes good probes in a row, 0 after a failed one
   * @param ejected whether the server is out because of them
   * @param reason why the last failed probe failed; empty before the first failure
   */
  public record Standing(
      String server, int failures, int successes, boolean ejected, String reason) {}

  /** A probe of that server got a right answer in time. */
  public void succeeded(String server) {
    page(server).succeeded();
  }

  /**
   * A probe of that server failed.
   *
   * @param reason short, for people; never the text of an answer
   */
  public void failed(String server, String reason) {
    page(server).failed(reason);
  }

  /** That server is not probed any more: an ejection, which nobody would ever end, ends now. */
  public void forget(String server) {
    Page page = pages.remove(server);
    if (page != null) {
      page.forget();
    }
  }

  /** How that server stands, or null where no probe of it has ended yet. */
  public @Nullable Standing standing(String server) {
    Page page = pages.get(server);
    return page == null ? null : page.standing;
  }

  /** How every probed server stands now, by name. */
  public Collection<Standing> standings() {
    Map<String, Standing> sorted = new TreeMap<>();
    pages.forEach((server, page) -> sorted.put(server, page.standing));
    return sorted.values();
  }

  private Page page(String server) {
    return pages.computeIfAbsent(server, Page::new);
  }

  /** One server's page; its methods are atomic. */
  private final class Page {
    private volatile Standing standing;
    private @Nullable Availability mark;

    Page(String server) {
      standing = new Standing(server, 0, 0, false, "");
    }

    synchronized void succeeded() {
      Standing was = standing;
      int successes = was.successes() == Integer.MAX_VALUE ? was.successes() : was.successes() + 1;
      boolean restore = was.ejected() && successes >= successesToRestore;
      standing = new Standing(was.server(), 0, successes, was.ejected() && !restore, was.reason());
      listener.probed(was.server(), ProbeResult.GOOD);
      if (restore) {
        restore(was.server(), successes + " probes in a row succeeded");
      }
    }

    synchronized void failed(String reason) {
      Standing was = standing;
      int failures = was.failures() == Integer.MAX_VALUE ? was.failures() : was.failures() + 1;
      boolean eject = !was.ejected() && failures >= failuresToEject;
      standing = new Standing(was.server(), failures, 0, was.ejected() || eject, reason);
      listener.probed(was.server(), ProbeResult.WRONG);
      if (eject) {
        eject(was.server(), failures + " probes in a row failed: " + reason);
      }
    }

    synchronized void forget() {
      if (standing.ejected()) {
        readmit(standing.server(), "it is not probed any more");
      }
    }

    private void eject(String server, String reason) {
      Backend backend = fleet.find(server);
      if (backend != null) {
        mark = Availability.down(reason);
        backend.availability(mark);
      }
      LOG.warn("{} is ejected: {}", server, reason);
      listener.ejected(server, reason);
    }

    private void restore(String server, String reason) {
      Breaker breaker = breakers.find(server);
      if (breaker != null) {
        breaker.reset(reason);
      }
      readmit(server, reason);
    }

    private void readmit(String server, String reason) {
      Backend backend = fleet.find(server);
      if (backend != null && backend.availability().equals(mark)) { // else others say otherwise
        backend.availability(Availability.UP);
      }
      mark = null;
      LOG.info("{} is restored: {}", server, reason);
      listener.restored(server, reason);
    }
  }
}
