package dev.caravan.admission;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/*
 * Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995), by tokens: in each round a tenant may
 * take a quantum for each unit of its weight, and keeps what it has not used while somebody of it
 * waits. A prompt of a hundred thousand tokens would take thousands of rounds of a small quantum,
 * and a large quantum would let a tenant with short prompts have hundreds of turns in a row; so the
 * quantum is small, and rounds in which nobody has enough are counted instead of gone through.
 */

/**
 * In which order the requests of one class have their turns: fair between tenants by tokens, and
 * first come, first served within one. Guarded by the queue.
 */
final class FairOrder {
  /** Tokens a round and unit of weight, and the least that any request counts. */
  static final int QUANTUM = 64;

  private final Map<Long, TenantLine> byTenant = new HashMap<>();
  private final List<TenantLine> ring = new ArrayList<>();
  private int turn;
  private int size;

  int size() {
    return size;
  }

  int tenants() {
    return ring.size();
  }

  int size(long tenant) {
    TenantLine line = byTenant.get(tenant);
    return line == null ? 0 : line.size();
  }

  void add(Ticket ticket) {
    line(ticket).add(ticket);
    size++;
  }

  /** Puts one back that had its turn in vain. */
  void putBack(Ticket ticket) {
    TenantLine line = line(ticket);
    line.addFirst(ticket);
    line.deficit += ticket.cost;
    size++;
  }

  private TenantLine line(Ticket ticket) {
    TenantLine line = byTenant.get(ticket.claim.tenant());
    if (line == null) {
      line = new TenantLine(ticket.claim.tenant(), ticket.claim.weight());
      byTenant.put(ticket.claim.tenant(), line);
      ring.add(line);
    }
    return line;
  }

  void remove(Ticket ticket) {
    TenantLine line = ticket.line;
    if (line == null) {
      return;
    }
    line.remove(ticket);
    size--;
    if (line.size() == 0) {
      byTenant.remove(line.tenant);
      int at = ring.indexOf(line);
      ring.remove(at);
      if (at < turn) {
        turn--;
      }
      if (turn >= ring.size()) {
        turn = 0;
      }
    }
  }

  /** Takes the one whose turn it is, of those that a free place is of use to; null for none. */
  @Nullable Ticket next() {
    Ticket ready = affordable();
    if (ready == null && rounds()) {
      ready = affordable();
    }
    if (ready != null && ready.line != null) {
      ready.line.deficit -= ready.cost;
      remove(ready);
    }
    return ready;
  }

  private @Nullable Ticket affordable() {
    for (int i = 0; i < ring.size(); i++) {
      int at = (turn + i) % ring.size();
      TenantLine line = ring.get(at);
      Ticket first = line.firstThatFits();
      if (first != null && first.cost <= line.deficit) {
        turn = at; // as long as it lasts
        return first;
      }
    }
    return null;
  }

  /** Lets as many rounds pass as the first one needs; those who cannot go have no part in them. */
  private boolean rounds() {
    long least = Long.MAX_VALUE;
    for (TenantLine line : ring) {
      Ticket first = line.firstThatFits();
      if (first != null) {
        long round = (long) QUANTUM * line.weight;
        least = Math.min(least, (first.cost - line.deficit + round - 1) / round);
      }
    }
    if (least == Long.MAX_VALUE) {
      return false;
    }
    for (TenantLine line : ring) {
      if (line.firstThatFits() != null) {
        line.deficit += least * QUANTUM * line.weight;
      }
    }
    return true;
  }

  /** The tenant of which most wait for its weight; null where nobody waits. */
  @Nullable TenantLine longest() {
    TenantLine longest = null;
    for (TenantLine line : ring) {
      if (longest == null
          || (long) line.size() * longest.weight > (long) longest.size() * line.weight) {
        longest = line;
      }
    }
    return longest;
  }

  /**
   * About how many have their turns before another of a tenant, of which some are before it.
   *
   * @param own how many of the same tenant are before it
   */
  int before(long tenant, int weight, int own) {
    long count = own;
    for (TenantLine line : ring) {
      if (line.tenant != tenant) {
        count += Math.min(line.size(), (long) (own + 1) * line.weight / weight);
      }
    }
    return (int) count;
  }
}
