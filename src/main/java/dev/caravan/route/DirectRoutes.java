package dev.caravan.route;

import dev.caravan.ingress.Staged;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.MultipleConsumersSupport;
import org.apache.camel.component.direct.DirectComponent;
import org.apache.camel.component.direct.DirectConsumer;
import org.apache.camel.component.direct.DirectEndpoint;
import org.jspecify.annotations.Nullable;

/**
 * Camel's {@code direct}, whose routes can be replaced without a moment in which a message finds
 * nobody. Safe for any thread: the table is immutable and swapped whole.
 */
public final class DirectRoutes extends DirectComponent implements Staged {
  private volatile Map<String, DirectConsumer> table = Map.of();

  /** What the table is to be; null while nothing is staged. Guarded by this. */
  private @Nullable Map<String, DirectConsumer> staged;

  /** An address within the routes. */
  private static final class Address extends DirectEndpoint implements MultipleConsumersSupport {
    Address(String uri, DirectComponent component) {
      super(uri, component);
    }

    /** One at a time, and another beside it while a change of the routes is made. */
    @Override
    public boolean isMultipleConsumersSupported() {
      return true;
    }
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters)
      throws Exception {
    Address endpoint = new Address(uri, this);
    endpoint.setBlock(isBlock());
    endpoint.setTimeout(getTimeout());
    setProperties(endpoint, parameters);
    return endpoint;
  }

  @Override
  public synchronized void addConsumer(String key, DirectConsumer consumer) {
    Map<String, DirectConsumer> later = staged;
    Map<String, DirectConsumer> next = new HashMap<>(later != null ? later : table);
    if (next.putIfAbsent(key, consumer) != null) {
      throw new IllegalArgumentException(key + ": a route starts there already");
    }
    if (later != null) {
      staged = next;
    } else {
      table = Map.copyOf(next);
      super.addConsumer(key, consumer); // which wakes those that wait for one
    }
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // this one or another
  public synchronized void removeConsumer(String key, DirectConsumer consumer) {
    if (table.get(key) == consumer) {
      Map<String, DirectConsumer> next = new HashMap<>(table);
      next.remove(key);
      table = Map.copyOf(next);
    }
    super.removeConsumer(key, consumer);
  }

  @Override
  protected DirectConsumer getConsumer(String key, boolean block, long timeout)
      throws InterruptedException {
    DirectConsumer consumer = table.get(key);
    return consumer != null ? consumer : super.getConsumer(key, block, timeout);
  }

  @Override
  public synchronized void stage(Predicate<Consumer> leaves) {
    Map<String, DirectConsumer> next = new HashMap<>(table);
    next.values().removeIf(leaves);
    staged = next;
  }

  /** Those that leave without a successor stay until they stop: old routes may still send there. */
  @Override
  @SuppressWarnings("ReferenceEquality") // this one or another
  public synchronized void commit() {
    Map<String, DirectConsumer> before = table;
    Map<String, DirectConsumer> next = new HashMap<>(before);
    next.putAll(Objects.requireNonNull(staged, "nothing is staged"));
    staged = null;
    table = Map.copyOf(next);
    next.forEach(
        (key, consumer) -> {
          DirectConsumer last = before.get(key);
          if (last != consumer) {
            // Producers keep the one they know until these count a change.
            super.removeConsumer(key, last);
            super.addConsumer(key, consumer);
          }
        });
  }

  @Override
  public synchronized void drop() {
    staged = null;
  }
}
