package dev.caravan.route;

import dev.caravan.fleet.Lease;
import dev.caravan.request.Conversation;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Which server has which response in its store, as its answers said: a request that goes on with
 * one can be answered there alone. Of bounded size: the oldest are forgotten. Safe for any thread,
 * without locks.
 */
public final class ResponseHomes {
  /*
   * Buckets of eight places; a new response takes the place of the oldest in its bucket. Two that
   * write the same place at once lose one of them, which is then as good as forgotten.
   */

  /** A day of one response in a second or so; 3 MiB. Chosen without experiment. */
  private static final int PLACES = 1 << 16;

  private static final int BUCKET = 8;

  private record Entry(long response, String server, long age) {}

  private final AtomicReferenceArray<@Nullable Entry> places = new AtomicReferenceArray<>(PLACES);
  private final AtomicLong ages = new AtomicLong();

  /** An answer has ended: where it has said its id, it can be found from now on. */
  public void ended(Lease lease) {
    String response = lease.response();
    if (response != null) {
      learn(response, lease.backend().name());
    }
  }

  void learn(String response, String server) {
    long digest = Conversation.digest(response);
    int bucket = bucket(digest);
    int oldest = bucket;
    long least = Long.MAX_VALUE;
    for (int place = bucket; place < bucket + BUCKET; place++) {
      Entry there = places.get(place);
      if (there == null || there.response == digest) {
        oldest = place;
        break;
      }
      if (there.age < least) {
        least = there.age;
        oldest = place;
      }
    }
    places.set(oldest, new Entry(digest, server, ages.getAndIncrement()));
  }

  /** The server that stores a response; null where that is not known. */
  @Nullable String server(String response) {
    long digest = Conversation.digest(response);
    int bucket = bucket(digest);
    for (int place = bucket; place < bucket + BUCKET; place++) {
      Entry there = places.get(place);
      if (there != null && there.response == digest) {
        return there.server;
      }
    }
    return null;
  }

  /** A server has left the fleet: what it stored is gone. Looks at every place. */
  public void forget(String server) {
    for (int place = 0; place < PLACES; place++) {
      Entry there = places.get(place);
      if (there != null && there.server.equals(server)) {
        places.compareAndSet(place, there, null);
      }
    }
  }

  private static int bucket(long digest) {
    return (int) (digest >>> 32) & (PLACES - 1) & -BUCKET;
  }
}
