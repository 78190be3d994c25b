package dev.caravan.select;

import dev.caravan.fleet.Backend;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.PromptPrefix;
import io.netty.util.concurrent.FastThreadLocal;

/** Reads how much of the prompt each server is thought to have in its cache. */
final class PrefixGauge implements Gauge {
  private static final FastThreadLocal<int[]> DEPTHS =
      new FastThreadLocal<>() {
        @Override
        protected int[] initialValue() {
          return new int[64];
        }
      };

  private final PrefixIndex index;
  private volatile Enlisted enlisted = new Enlisted(new Backend[0], new int[0]);

  /** The servers of the step, which stay the same, and their numbers in the index. */
  private static final class Enlisted {
    final Backend[] servers;
    final int[] numbers;

    Enlisted(Backend[] servers, int[] numbers) {
      this.servers = servers;
      this.numbers = numbers;
    }
  }

  PrefixGauge(PrefixIndex index) {
    this.index = index;
  }

  @Override
  public void read(InferenceRequest request, Backend[] backends, Snapshot rows) {
    PromptPrefix prefix = request.prefix();
    int[] numbers = numbers(backends);
    int count = backends.length;
    int[] depths = DEPTHS.get();
    if (depths.length < count) {
      depths = new int[count];
      DEPTHS.set(depths);
    }
    index.read(prefix, numbers, count, depths);
    for (int i = 0; i < count; i++) {
      rows.view(i).cached(prefix.tokens(depths[i]));
    }
    double pressures = 0;
    for (int i = 0; i < count; i++) {
      pressures += index.pressure(numbers[i]);
    }
    for (int i = 0; i < count && pressures > 0; i++) {
      rows.view(i).pressure(count * index.pressure(numbers[i]) / pressures);
    }
  }

  @Override
  public void sent(InferenceRequest request, Backend[] backends, int position) {
    index.learn(request.prefix(), numbers(backends)[position], backends[position]);
  }

  private int[] numbers(Backend[] backends) {
    Enlisted known = enlisted;
    if (known.servers != backends) {
      int[] numbers = new int[backends.length];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = index.enlist(backends[i]);
      }
      known = new Enlisted(backends, numbers);
      enlisted = known;
    }
    return known.numbers;
  }
}
