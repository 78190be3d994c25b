package dev.caravan.replay;

import dev.caravan.fleet.BackgroundPolicy;
import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.simulator.EngineParameters;

/**
 * What a trace is replayed on. Immutable.
 *
 * @param servers how many model servers, from 1
 * @param engine what each of them is
 * @param gateways how many gateways share the servers, none knowing of the others, from 1
 * @param affinity whether conversations have a home
 * @param cachedReports whether servers say how much of a prompt they had cached
 * @param cacheKnown whether the gateway knows the size of the servers' caches, or goes by its
 *     default
 * @param indexChunks chunks of prompts that each gateway's index holds, from 8
 * @param ttftLimitMillis a request without its first token by then is late, above 0
 * @param background what servers keep for interactive requests
 * @param seed what all chance in a run comes from
 */
public record Setup(
    int servers,
    EngineParameters engine,
    int gateways,
    Affinity affinity,
    boolean cachedReports,
    boolean cacheKnown,
    int indexChunks,
    double ttftLimitMillis,
    BackgroundPolicy background,
    long seed) {

  /**
   * Eight H100 and one gateway. An index of 2^18 chunks of 128 tokens holds 9 times what the eight
   * caches do.
   */
  public static final Setup DEFAULT =
      new Setup(
          8,
          EngineParameters.H100,
          1,
          Affinity.OFF,
          true,
          true,
          1 << 18,
          2_000,
          BackgroundPolicy.DEFAULT,
          1);

  public Setup {
    if (servers < 1 || gateways < 1 || !(ttftLimitMillis > 0)) {
      throw new IllegalArgumentException(
          "servers and gateways must be from 1 and the limit above 0, are "
              + servers
              + ", "
              + gateways
              + " and "
              + ttftLimitMillis);
    }
  }

  public Setup withServers(int count) {
    return new Setup(
        count,
        engine,
        gateways,
        affinity,
        cachedReports,
        cacheKnown,
        indexChunks,
        ttftLimitMillis,
        background,
        seed);
  }

  public Setup withEngine(EngineParameters other) {
    return new Setup(
        servers,
        other,
        gateways,
        affinity,
        cachedReports,
        cacheKnown,
        indexChunks,
        ttftLimitMillis,
        background,
        seed);
  }

  public Setup withGateways(int count) {
    return new Setup(
        servers,
        engine,
        count,
        affinity,
        cachedReports,
        cacheKnown,
        indexChunks,
        ttftLimitMillis,
        background,
        seed);
  }

  public Setup withAffinity(Affinity other) {
    return new Setup(
        servers,
        engine,
        gateways,
        other,
        cachedReports,
        cacheKnown,
        indexChunks,
        ttftLimitMillis,
        background,
        seed);
  }

  /** The same where servers say so much of their caches. */
  public Setup withSaid(boolean reports, boolean size) {
    return new Setup(
        servers,
        engine,
        gateways,
        affinity,
        reports,
        size,
        indexChunks,
        ttftLimitMillis,
        background,
        seed);
  }

  public Setup withTtftLimit(double millis) {
    return new Setup(
        servers,
        engine,
        gateways,
        affinity,
        cachedReports,
        cacheKnown,
        indexChunks,
        millis,
        background,
        seed);
  }

  public Setup withSeed(long other) {
    return new Setup(
        servers,
        engine,
        gateways,
        affinity,
        cachedReports,
        cacheKnown,
        indexChunks,
        ttftLimitMillis,
        background,
        other);
  }

  public Setup withBackground(BackgroundPolicy other) {
    return new Setup(
        servers,
        engine,
        gateways,
        affinity,
        cachedReports,
        cacheKnown,
        indexChunks,
        ttftLimitMillis,
        other,
        seed);
  }
}
