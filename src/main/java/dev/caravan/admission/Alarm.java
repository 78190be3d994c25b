package dev.caravan.admission;

/** Runs something later, on a thread that must not wait. Safe for any thread. */
@FunctionalInterface
public interface Alarm {

  /** Runs {@code work} once, {@code millis} from now. */
  void after(long millis, Runnable work);
}
