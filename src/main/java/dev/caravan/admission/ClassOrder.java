package dev.caravan.admission;

import dev.caravan.admission.Ticket.Claim;
import dev.caravan.tenant.Priority;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * In which order all that wait in a pool have their turns: first those that a server has failed
 * already, then class by class. A class goes before those below it, but for a share of turns that
 * keeps those from never having one. Guarded by the queue.
 */
final class ClassOrder {
  private static final Priority[] CLASSES = Priority.values();

  /** Of so many turns one at least is of {@link Priority#DEFAULT}; chosen without experiment. */
  private static final int DEFAULT_TURN = 8;

  /** And of so many, one of {@link Priority#BATCH}. */
  private static final int BATCH_TURN = 16;

  private final Deque<Ticket> first = new ArrayDeque<>();
  private final Map<Priority, FairOrder> orders = new EnumMap<>(Priority.class);
  private int turn;
  private int size;

  ClassOrder() {
    for (Priority each : CLASSES) {
      orders.put(each, new FairOrder());
    }
  }

  private FairOrder of(Priority priority) {
    FairOrder order = orders.get(priority);
    if (order == null) {
      throw new IllegalStateException("no order of " + priority);
    }
    return order;
  }

  int size() {
    return size;
  }

  int size(Priority priority) {
    int size = of(priority).size();
    for (Ticket each : first) {
      size += each.claim.priority() == priority ? 1 : 0;
    }
    return size;
  }

  void add(Ticket ticket) {
    size++;
    if (ticket.claim.first()) {
      first.add(ticket);
    } else {
      of(ticket.claim.priority()).add(ticket);
    }
  }

  void putBack(Ticket ticket) {
    size++;
    if (ticket.claim.first()) {
      first.addFirst(ticket);
    } else {
      of(ticket.claim.priority()).putBack(ticket);
    }
  }

  void remove(Ticket ticket) {
    if (ticket.claim.first()) {
      first.remove(ticket);
    } else {
      of(ticket.claim.priority()).remove(ticket);
    }
    size--;
  }

  /** Takes the one whose turn it is, of those that a free place is of use to; null for none. */
  @Nullable Ticket next() {
    Ticket next = ahead();
    if (next == null) {
      turn++;
      Priority favoured = favoured();
      next = favoured == null ? null : of(favoured).next();
      for (int i = 0; next == null && i < CLASSES.length; i++) {
        next = of(CLASSES[i]).next();
      }
    }
    if (next != null) {
      size--;
    }
    return next;
  }

  private @Nullable Priority favoured() {
    if (turn % BATCH_TURN == 0) {
      return Priority.BATCH;
    }
    return turn % DEFAULT_TURN == DEFAULT_TURN / 2 ? Priority.DEFAULT : null;
  }

  private @Nullable Ticket ahead() {
    for (Iterator<Ticket> each = first.iterator(); each.hasNext(); ) {
      Ticket ticket = each.next();
      if (ticket.fitsNow()) {
        each.remove();
        return ticket;
      }
    }
    return null;
  }

  /**
   * Who gives way to one more in a full queue: the newest of whom most wait, in the lowest class.
   *
   * @return null where that is the newcomer itself
   */
  @Nullable Ticket givesWay(Ticket newcomer) {
    for (int i = CLASSES.length - 1; i >= 0; i--) {
      FairOrder order = of(CLASSES[i]);
      TenantLine longest = order.longest();
      if (longest == null) {
        continue;
      }
      if (newcomer.claim.first() || CLASSES[i].compareTo(newcomer.claim.priority()) > 0) {
        return longest.newest();
      }
      if (CLASSES[i] == newcomer.claim.priority()) {
        long own = order.size(newcomer.claim.tenant()) + 1L;
        boolean shorter = own * longest.weight < (long) longest.size() * newcomer.claim.weight();
        return longest.tenant != newcomer.claim.tenant() && shorter ? longest.newest() : null;
      }
    }
    return null;
  }

  /** Whether a tenant has more than an even part of those that wait in a class. */
  boolean overShare(Ticket ticket) {
    FairOrder order = of(ticket.claim.priority());
    return order.tenants() > 1
        && (long) order.size(ticket.claim.tenant()) * order.tenants() > order.size();
  }

  /**
   * About how many have their turns before a request.
   *
   * @param own how many of the same tenant and class are before it
   */
  int before(Claim claim, int own) {
    if (claim.first()) {
      return 0;
    }
    int count = first.size();
    for (Priority each : CLASSES) {
      if (each == claim.priority()) {
        return count + of(each).before(claim.tenant(), claim.weight(), own);
      }
      count += of(each).size();
    }
    return count;
  }

  /** The same for one that would come now. */
  int beforeNewcomer(Claim claim) {
    return before(claim, of(claim.priority()).size(claim.tenant()));
  }
}
