package dev.caravan.health;

/**
 * Is told of ejections by failed requests, for meters. Called by whichever event loop saw the last
 * of the failures; must not block and must not throw.
 */
public interface EjectionListener {

  /** Nobody listens. */
  EjectionListener NONE = new EjectionListener() {};

  /** What spoke against a server. */
  enum Ground {
    /** Failed requests in a row. */
    CONSECUTIVE_FAILURES("consecutive_failures"),
    /** Far more failed requests than at the others. */
    SUCCESS_RATE("success_rate");

    private final String label;

    Ground(String label) {
      this.label = label;
    }

    /** The word for it in metrics. */
    public String label() {
      return label;
    }
  }

  /** A server is out for a while. */
  default void ejected(String server, Ground ground) {}

  /** A server would be out, were it not for the pool's limit or for being the last one. */
  default void heldBack(String server, Ground ground) {}
}
