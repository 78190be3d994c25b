package dev.caravan.simulator;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a simulated server received: the last requests, and counts of all requests for inference.
 * Safe for any thread.
 */
final class RequestLog {
  final AtomicLong received = new AtomicLong();
  final AtomicLong finished = new AtomicLong();
  final AtomicLong failed = new AtomicLong();
  final AtomicLong aborted = new AtomicLong();
  final AtomicInteger running = new AtomicInteger();

  private final int most;
  private final ArrayDeque<ReceivedRequest> last = new ArrayDeque<>();

  /** Remembers at most so many requests, from 0. */
  RequestLog(int most) {
    this.most = most;
  }

  void add(ReceivedRequest request) {
    if (most == 0) {
      return;
    }
    synchronized (last) {
      if (last.size() == most) {
        last.remove();
      }
      last.add(request);
    }
  }

  List<ReceivedRequest> requests() {
    synchronized (last) {
      return List.copyOf(last);
    }
  }

  void clear() {
    synchronized (last) {
      last.clear();
    }
  }

  void begun() {
    received.incrementAndGet();
    running.incrementAndGet();
  }

  void ended(ReceivedRequest request, ReceivedRequest.End how) {
    request.ended(how);
    switch (how) {
      case FINISHED -> finished.incrementAndGet();
      case FAILED -> failed.incrementAndGet();
      case ABORTED -> aborted.incrementAndGet();
      case OPEN -> throw new IllegalArgumentException("OPEN is no end");
    }
    running.decrementAndGet();
  }
}
