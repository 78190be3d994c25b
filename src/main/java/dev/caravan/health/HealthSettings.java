package dev.caravan.health;

/**
 * How much evidence it takes. Immutable.
 *
 * @param failures wrong probes, or failed checks of the cheap endpoint, in a row that take a server
 *     out; from 1
 * @param successes good probes in a row that let it in again; from 1
 * @param unanswered probes without an answer in a row, while nothing else moves either, that show a
 *     server to be hung; from 1
 */
public record HealthSettings(int failures, int successes, int unanswered) {

  public HealthSettings {
    if (failures < 1 || successes < 1 || unanswered < 1) {
      throw new IllegalArgumentException(
          "caravan.probe.failures and caravan.probe.successes must be at least 1, but are "
              + failures
              + " and "
              + successes);
    }
  }
}
