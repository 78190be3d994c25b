package dev.caravan.admission;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Those of one tenant that wait in one class, first come, first served. Guarded by the queue. */
final class TenantLine {
  final long tenant;
  final int weight;

  /** Tokens that it may still take in this round. */
  long deficit;

  private @Nullable Ticket head;
  private @Nullable Ticket tail;
  private int size;

  TenantLine(long tenant, int weight) {
    this.tenant = tenant;
    this.weight = weight;
  }

  int size() {
    return size;
  }

  /** The one that came last. */
  Ticket newest() {
    return Objects.requireNonNull(tail);
  }

  /** The first that a free place is of use to; null for none. */
  @Nullable Ticket firstThatFits() {
    Ticket each = head;
    while (each != null && !each.fitsNow()) {
      each = each.after;
    }
    return each;
  }

  /** How many are before one of them. */
  int before(Ticket ticket) {
    int count = 0;
    for (Ticket each = ticket.before; each != null; each = each.before) {
      count++;
    }
    return count;
  }

  void add(Ticket ticket) {
    ticket.line = this;
    ticket.before = tail;
    ticket.after = null;
    if (tail == null) {
      head = ticket;
    } else {
      tail.after = ticket;
    }
    tail = ticket;
    size++;
  }

  void addFirst(Ticket ticket) {
    ticket.line = this;
    ticket.before = null;
    ticket.after = head;
    if (head == null) {
      tail = ticket;
    } else {
      head.before = ticket;
    }
    head = ticket;
    size++;
  }

  void remove(Ticket ticket) {
    Ticket left = ticket.before;
    Ticket right = ticket.after;
    if (left == null) {
      head = right;
    } else {
      left.after = right;
    }
    if (right == null) {
      tail = left;
    } else {
      right.before = left;
    }
    ticket.before = null;
    ticket.after = null;
    ticket.line = null;
    size--;
  }
}
