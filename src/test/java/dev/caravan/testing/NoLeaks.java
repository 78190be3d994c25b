package dev.caravan.testing;

import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test class in which a Netty buffer was lost without having been released. */
public final class NoLeaks implements BeforeAllCallback, AfterAllCallback {
  private int before;

  @Override
  public void beforeAll(ExtensionContext context) {
    before = leaksSoFar().size();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    List<String> now = leaksSoFar();
    if (now.size() > before) {
      throw new AssertionError("leaked: " + String.join("\n", now.subList(before, now.size())));
    }
  }

  /** Everything that has leaked, what is garbage now included. */
  private static List<String> leaksSoFar() {
    ReferenceQueue<Object> collected = new ReferenceQueue<>();
    WeakReference<Object> canary = new WeakReference<>(new Object(), collected);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              System.gc();
              return canary.refersTo(null);
            });
    // The detector looks for lost buffers whenever one is made.
    for (int i = 0; i < 3; i++) {
      ByteBuf pooled = PooledByteBufAllocator.DEFAULT.directBuffer(16);
      pooled.release();
    }
    return List.copyOf(LeakRecorder.leaks());
  }
}
