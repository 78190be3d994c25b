package dev.caravan.admission;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.internal.PlatformDependent;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.List;

/** How much memory is in use. Cheap enough for ten looks a second; for any thread. */
public interface Memory {

  /** The share of the direct memory that buffers hold, from 0 to 1. */
  double direct();

  /**
   * The share of the heap that was still in use after the old generation was last collected, from 0
   * to 1; 0 before the first time.
   */
  double heap();

  /** That of this process. */
  static Memory ofThisProcess() {
    return new OfThisProcess();
  }

  /** Read from the JVM's management beans and from Netty's own count. */
  final class OfThisProcess implements Memory {
    /** Less reserved memory than this is never short, however much of it is held. */
    private static final double WORTH_A_WALK = 0.25;

    // Eden and survivor spaces have no usage threshold: what is in them is mostly garbage.
    private final List<MemoryPoolMXBean> old =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .filter(MemoryPoolMXBean::isUsageThresholdSupported)
            .filter(MemoryPoolMXBean::isCollectionUsageThresholdSupported)
            .toList();

    @Override
    public double direct() {
      // What is reserved is one read, but an idle pool keeps some of it; how much buffers hold is a
      // walk over the pool.
      double most = PlatformDependent.maxDirectMemory();
      double reserved = PlatformDependent.usedDirectMemory() / most;
      return reserved < WORTH_A_WALK
          ? Math.max(0, reserved)
          : PooledByteBufAllocator.DEFAULT.pinnedDirectMemory() / most;
    }

    @Override
    public double heap() {
      double share = 0;
      for (MemoryPoolMXBean pool : old) {
        MemoryUsage left = pool.getCollectionUsage();
        if (left != null) {
          long most = left.getMax() > 0 ? left.getMax() : Runtime.getRuntime().maxMemory();
          share = Math.max(share, (double) left.getUsed() / most);
        }
      }
      return share;
    }
  }
}
