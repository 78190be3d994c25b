package dev.caravan.admission;

/**
 * What the gateway takes upon itself at most. 0 is no limit, everywhere.
 *
 * @param requests requests for inference that are answered at a time
 * @param connections clients' connections that are open at a time
 * @param loopLagMillis how late an event loop may run its tasks
 * @param memory the share of the heap and of the direct memory that may be in use, up to 1
 */
public record Limits(int requests, int connections, long loopLagMillis, double memory) {

  /** None at all. */
  public static final Limits NONE = new Limits(0, 0, 0, 0);

  public Limits {
    if (requests < 0 || connections < 0 || loopLagMillis < 0) {
      throw new IllegalArgumentException("a limit is from 0, which is none");
    }
    if (!(memory >= 0 && memory <= 1)) {
      throw new IllegalArgumentException("the limit of memory is a share, from 0 to 1");
    }
  }

  int mostRequests() {
    return requests == 0 ? Integer.MAX_VALUE : requests;
  }

  int mostConnections() {
    return connections == 0 ? Integer.MAX_VALUE : connections;
  }
}
