package dev.caravan.queue.kafka;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/**
 * What Camel takes for Kafka's consumer: it is Kafka's, but for the calls that matter to what is on
 * loan. It is made at the first poll, and at later ones while that fails: a name server that is
 * away is no reason to give up, nor to hold up a stop.
 */
final class LendingProxy implements InvocationHandler {
  private static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Supplier<LendingConsumer> connect;
  private final Complaints complaints;
  private @Nullable Object topics;
  private boolean suspended;
  private volatile @Nullable LendingConsumer lending;

  private LendingProxy(Supplier<LendingConsumer> connect, Complaints complaints) {
    this.connect = connect;
    this.complaints = complaints;
  }

  @SuppressWarnings("unchecked")
  static Consumer<byte[], byte[]> of(Supplier<LendingConsumer> connect, Complaints complaints) {
    return (Consumer<byte[], byte[]>)
        Proxy.newProxyInstance(
            LendingProxy.class.getClassLoader(),
            new Class<?>[] {Consumer.class},
            new LendingProxy(connect, complaints));
  }

  /** What is behind a consumer that {@link #of} has made, when it has polled. */
  static @Nullable LendingConsumer lending(Consumer<?, ?> proxy) {
    return ((LendingProxy) Proxy.getInvocationHandler(proxy)).lending;
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    return switch (method.getName()) {
      case "poll" -> poll();
      case "subscribe" -> { // without Camel's listener, which would commit and seek
        topics = arguments == null ? null : arguments[0];
        yield null;
      }
      case "pause", "resume" -> {
        suspended = method.getName().equals("pause");
        yield null;
      }
      case "seek" -> null; // to what is committed, after a pause: but nothing was lost meanwhile
      case "close" -> {
        try {
          yield call(method, arguments);
        } finally {
          LendingConsumer open = lending;
          if (open != null) {
            open.close();
          }
        }
      }
      default -> call(method, arguments);
    };
  }

  private ConsumerRecords<byte[], byte[]> poll() {
    LendingConsumer open = lending;
    if (open == null) {
      try {
        open = connect.get();
      } catch (KafkaException e) {
        complaints.failed(e);
        LockSupport.parkNanos(AGAIN_NANOS);
        return ConsumerRecords.empty();
      }
      subscribe(open);
      lending = open;
    }
    return open.poll(suspended);
  }

  @SuppressWarnings("unchecked")
  private void subscribe(LendingConsumer open) {
    if (topics instanceof Pattern pattern) {
      open.broker().subscribe(pattern, open);
    } else if (topics instanceof Collection<?> names) {
      open.broker().subscribe((Collection<String>) names, open);
    } else {
      throw new IllegalArgumentException("a subscription to " + topics);
    }
  }

  private @Nullable Object call(Method method, Object @Nullable [] arguments) throws Throwable {
    LendingConsumer open = lending;
    if (open == null) {
      return method.getReturnType() == Map.class
          ? Map.of()
          : method.getReturnType() == Set.class ? Set.of() : null;
    }
    try {
      return method.invoke(open.broker(), arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
