package dev.caravan.queue;

/** Sends jobs down the routes. */
@FunctionalInterface
public interface JobRunner {

  /**
   * Sends a job, on its call's event loop.
   *
   * @param attempt told once what came of it, there
   */
  void run(JobAttempt attempt);
}
