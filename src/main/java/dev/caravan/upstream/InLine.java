package dev.caravan.upstream;

/** Where a call stands that waits in the queue of its pool. For the call's event loop. */
public interface InLine {

  /** How many go before it, from 0; -1 where it is about to go. */
  int position();

  /** How long it is likely to wait still, in milliseconds; -1 where nobody knows. */
  long waitMillis();
}
