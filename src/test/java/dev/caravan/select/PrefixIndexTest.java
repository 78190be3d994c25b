package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Work;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.PromptPrefix;
import dev.caravan.testing.Together;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PrefixIndexTest {
  private static final int LAST_GENERATION = (1 << 20) - 1;

  private static Backend server(String name, int chunks) {
    Backend server = new Backend(BackendSpec.of(name, URI.create("http://10.0.0.11:8000")));
    server.cacheTokens((long) chunks * PromptPrefix.CHUNK_TOKENS);
    return server;
  }

  /** The chunks of a conversation: some that all share, and its own. */
  private static PromptPrefix prompt(long conversation, int shared, int own) {
    long[] hashes = new long[shared + own];
    for (int i = 0; i < hashes.length; i++) {
      hashes[i] = new Random(i < shared ? i : conversation * 10_007 + i).nextLong() | 1;
    }
    return AnyRequest.prefix(hashes);
  }

  private static int depth(PrefixIndex index, PromptPrefix prefix, int server) {
    int[] depths = new int[1];
    index.read(prefix, new int[] {server}, 1, depths);
    return depths[0];
  }

  /** What an engine does: the chunk that was not used for longest goes. */
  private static final class Lru extends LinkedHashMap<Long, Long> {
    private static final long serialVersionUID = 1;
    private final int room;

    Lru(int room) {
      super(16, 0.75f, true);
      this.room = room;
    }

    void sent(PromptPrefix prefix) {
      for (int i = prefix.chunks() - 1; i >= 0; i--) {
        put(prefix.hash(i), 0L);
      }
    }

    int depth(PromptPrefix prefix) {
      int depth = 0;
      while (depth < prefix.chunks() && containsKey(prefix.hash(depth))) {
        depth++;
      }
      return depth;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<Long, Long> eldest) {
      return size() > room;
    }
  }

  @Property(tries = 200)
  void anyTraffic_isRememberedAsByLeastRecentlyUsed_butForAnEighth(
      @ForAll @IntRange(min = 1, max = 400) int room,
      @ForAll @IntRange(max = 60) int shared,
      @ForAll @IntRange(max = 40) int beforeTheWrap,
      @ForAll long seed) {
    PrefixIndex index = new PrefixIndex(1 << 14, 1 << 16, LAST_GENERATION - beforeTheWrap);
    Backend backend = server("a", room);
    int number = index.enlist(backend);
    Lru most = new Lru(room);
    Lru least = new Lru(room - Math.max(1, room / 8));
    Random random = new Random(seed);
    for (int i = 0; i < 300; i++) {
      // A few that come often, and many that do not.
      int conversation = random.nextInt(random.nextBoolean() ? 4 : 40);
      PromptPrefix prefix = prompt(conversation, shared, 1 + random.nextInt(30));
      assertThat(depth(index, prefix, number)).isBetween(least.depth(prefix), most.depth(prefix));
      index.learn(prefix, number, backend);
      most.sent(prefix);
      least.sent(prefix);
    }
  }

  @Test
  void read_beforeAnythingWasSent_knowsNothing_andReadingTeachesNothing() {
    PrefixIndex index = new PrefixIndex(1_000);
    int number = index.enlist(server("a", 100));
    PromptPrefix prefix = prompt(1, 0, 10);
    assertThat(depth(index, prefix, number)).isZero();
    assertThat(depth(index, prefix, number)).isZero();
    assertThat(depth(index, PromptPrefix.NONE, number)).isZero();
    assertThat(index.chunks()).isZero();
  }

  @Test
  void longerPrompt_isKnownAsFarAsItWasSent_atThatServerAlone() {
    PrefixIndex index = new PrefixIndex(1_000);
    Backend a = server("a", 100);
    int first = index.enlist(a);
    int second = index.enlist(server("b", 100));
    index.learn(prompt(1, 5, 3), first, a);
    int[] depths = new int[3];
    index.read(prompt(1, 5, 20), new int[] {second, first, -1}, 3, depths);
    assertThat(depths).containsExactly(0, 8, 0);
    index.read(prompt(2, 5, 20), new int[] {second, first, -1}, 3, depths);
    assertThat(depths).containsExactly(0, 5, 0);
    assertThat(index.chunks()).isEqualTo(8);
  }

  @Test
  void serversThatHaveDifferentParts_areEachReadRight() {
    PrefixIndex index = new PrefixIndex(10_000);
    int[] parts = {0, 40, 7, 7, 8, 6, 39, 1, 0, 1, 2, 40, 20, 20, 21, 19, 0};
    int[] numbers = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      Backend server = server("s" + i, 1_000);
      numbers[i] = index.enlist(server);
      index.learn(prompt(1, 0, parts[i]), numbers[i], server);
    }
    int[] depths = new int[parts.length];
    index.read(prompt(1, 0, 60), numbers, parts.length, depths);
    assertThat(depths).isEqualTo(parts);
  }

  @Test
  void cacheLost_isForgotten_andLearntAnew() {
    PrefixIndex index = new PrefixIndex(1_000);
    Backend a = server("a", 100);
    Backend b = server("b", 100);
    int first = index.enlist(a);
    int second = index.enlist(b);
    PromptPrefix prefix = prompt(1, 0, 10);
    index.learn(prefix, first, a);
    index.learn(prefix, second, b);
    a.cacheLost();
    assertThat(depth(index, prefix, first)).isZero();
    assertThat(depth(index, prefix, second)).isEqualTo(10);
    index.learn(prefix, first, a);
    assertThat(depth(index, prefix, first)).isEqualTo(10);
  }

  @Test
  void cacheTurnsOutSmaller_countsFromTheNextPrompt() {
    PrefixIndex index = new PrefixIndex(1_000);
    Backend a = server("a", 100);
    int number = index.enlist(a);
    index.learn(prompt(1, 0, 50), number, a);
    a.cacheTokens(20L * PromptPrefix.CHUNK_TOKENS);
    index.learn(prompt(2, 0, 10), number, a);
    assertThat(index.room(number)).isEqualTo(20);
    assertThat(depth(index, prompt(1, 0, 50), number)).isLessThanOrEqualTo(10);
    assertThat(depth(index, prompt(2, 0, 10), number)).isEqualTo(10);
  }

  @Test
  void answers_takeRoomToo() {
    PrefixIndex index = new PrefixIndex(1_000);
    Backend a = server("a", 40);
    int number = index.enlist(a);
    index.learn(prompt(1, 0, 10), number, a);
    Lease lease = Objects.requireNonNull(Lease.open(a, "llama", () -> 0));
    lease.usage(100, 35 * PromptPrefix.CHUNK_TOKENS, -1);
    lease.close(new Completed(200));
    assertThat(depth(index, prompt(1, 0, 10), number)).isLessThan(10);
  }

  @Test
  void chunkOfManyServers_isKnownAtEachOfThem() {
    PrefixIndex index = new PrefixIndex(1_000);
    PromptPrefix prefix = prompt(1, 0, 20);
    int[] numbers = new int[150];
    for (int i = 0; i < numbers.length; i++) {
      Backend server = server("s" + i, 100);
      numbers[i] = index.enlist(server);
      if (i != 77) {
        index.learn(prefix, numbers[i], server);
      }
    }
    int[] depths = new int[150];
    index.read(prefix, numbers, 150, depths);
    for (int i = 0; i < depths.length; i++) {
      assertThat(depths[i]).isEqualTo(i == 77 ? 0 : 20);
    }
  }

  @Test
  void chunkOfManyServers_withoutRoomForThem_isKnownAtTheLastFour() {
    PrefixIndex index = new PrefixIndex(1 << 10, 0, 0);
    PromptPrefix prefix = prompt(1, 0, 20);
    int known = 0;
    for (int i = 0; i < 10; i++) {
      Backend server = server("s" + i, 100);
      index.learn(prefix, index.enlist(server), server);
      assertThat(depth(index, prefix, i)).isEqualTo(20);
    }
    for (int i = 0; i < 10; i++) {
      known += depth(index, prefix, i) == 20 ? 1 : 0;
    }
    assertThat(known).isEqualTo(4);
  }

  @Test
  void moreChunksThanSlots_theNewestStay_andNothingGrows() {
    PrefixIndex index = new PrefixIndex(64, 4_096, 0);
    List<Backend> servers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      servers.add(server("s" + i, 1_000));
      assertThat(index.enlist(servers.get(i))).isEqualTo(i);
    }
    for (int i = 0; i < 3_000; i++) {
      PromptPrefix prefix = prompt(i, 0, 1);
      for (int holder = 0; holder <= i % 7; holder++) {
        int number = (i + holder) % 20;
        index.learn(prefix, number, servers.get(number));
        assertThat(depth(index, prefix, number)).isEqualTo(1);
      }
    }
    assertThat(index.chunks()).isBetween(60, 64);
    int known = 0;
    for (int i = 2_968; i < 3_000; i++) {
      known += depth(index, prompt(i, 0, 1), i % 20);
    }
    assertThat(known).isGreaterThan(10);
  }

  @Test
  void moreServersThanItTakes_areLeftOut_theOthersNot() {
    PrefixIndex index = new PrefixIndex(1_000);
    PromptPrefix prefix = prompt(1, 0, 3);
    Backend last = server("last", 10);
    for (int i = 0; i < PrefixIndex.MAX_SERVERS; i++) {
      Backend server = server("s" + i, 10);
      int number = index.enlist(server);
      assertThat(number).isEqualTo(i);
      assertThat(index.enlist(server)).isEqualTo(i);
      index.learn(prefix, number, server);
    }
    assertThat(index.enlist(last)).isEqualTo(-1);
    index.learn(prefix, index.enlist(last), last);
    assertThat(depth(index, prefix, -1)).isZero();
    assertThat(depth(index, prefix, PrefixIndex.MAX_SERVERS - 1)).isEqualTo(3);
    assertThat(depth(index, prefix, 0)).isEqualTo(3);
  }

  // ---- what servers say

  /** Requests of 40 conversations, one after the other; the server says what it had. */
  private static void serve(PrefixIndex index, Backend server, Lru cache, int requests) {
    int number = index.enlist(server);
    Random random = new Random(5);
    for (int i = 0; i < requests; i++) {
      PromptPrefix prefix = prompt(random.nextInt(40), 0, 20);
      int thought = prefix.tokens(depth(index, prefix, number));
      int had = prefix.tokens(cache.depth(prefix));
      Work work = new Work(prefix.tokens(20), thought, 10, true);
      Lease lease = Objects.requireNonNull(Lease.open(server, "llama", () -> 0, work));
      index.learn(prefix, number, server);
      cache.sent(prefix);
      lease.usage(prefix.tokens(20), 10, had);
      lease.close(new Completed(200));
    }
  }

  @Test
  void serverWithHalfTheCache_isBelievedAfterAWhile_andNobodyElseSuffers() {
    PrefixIndex index = new PrefixIndex(10_000);
    Backend half = server("half", 640);
    Backend whole = server("whole", 640);
    serve(index, half, new Lru(320), 2_000);
    serve(index, whole, new Lru(640), 2_000);
    assertThat(index.room(index.enlist(half))).isBetween(220L, 420L);
    assertThat(index.room(index.enlist(whole))).isBetween(500L, 760L);
  }

  @Test
  void serverWithTwiceTheCache_getsMore() {
    PrefixIndex index = new PrefixIndex(10_000);
    Backend more = server("more", 200);
    serve(index, more, new Lru(400), 3_000);
    assertThat(index.room(index.enlist(more))).isBetween(280L, 400L);
  }

  @Test
  void serverWithoutPrefixCaching_isTakenForEmpty() {
    PrefixIndex index = new PrefixIndex(10_000);
    Backend none = server("none", 640);
    serve(index, none, new Lru(0), 2_000);
    int number = index.enlist(none);
    assertThat(index.room(number)).isLessThanOrEqualTo(10);
    serve(index, none, new Lru(640), 6_000);
    assertThat(index.room(number)).as("until it caches").isGreaterThan(400);
  }

  @Test
  void lessThanThought_whileOthersWereStillComputed_saysNothing() {
    PrefixIndex index = new PrefixIndex(1_000);
    Backend server = server("a", 640);
    int number = index.enlist(server);
    Lease before = Objects.requireNonNull(Lease.open(server, "llama", () -> 0));
    Work work = new Work(2_560, 2_560, 10, true);
    Lease lease = Objects.requireNonNull(Lease.open(server, "llama", () -> 0, work));
    lease.usage(2_560, 10, 0);
    lease.close(new Completed(200));
    assertThat(index.room(number)).isEqualTo(640);
    before.close(new Completed(200));
    Lease alone = Objects.requireNonNull(Lease.open(server, "llama", () -> 0, work));
    alone.usage(2_560, 10, 0);
    alone.close(new Completed(200));
    assertThat(index.room(number)).isEqualTo(608);
  }

  // ---- threads

  @Test
  void manyThreads_whatEachSent_isKnownInTheEnd() {
    PrefixIndex index = new PrefixIndex(1 << 16);
    List<Backend> servers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      servers.add(server("s" + i, 10_000));
    }
    AtomicInteger threads = new AtomicInteger();
    List<Set<Integer>> numbers =
        Together.run(
            4,
            () -> {
              int thread = threads.getAndIncrement();
              Set<Integer> mine = new HashSet<>();
              for (int i = 0; i < 200; i++) {
                Backend server = servers.get(i % 8);
                int number = index.enlist(server);
                mine.add(number);
                PromptPrefix prefix = prompt(1_000L * thread + i, 20, 10);
                index.learn(prefix, number, server);
                int depth = depth(index, prefix, number);
                assertThat(depth).isBetween(0, 30);
              }
              return mine;
            });
    assertThat(numbers).allSatisfy(mine -> assertThat(mine).hasSize(8));
    assertThat(new HashSet<>(numbers)).hasSize(1);
    for (int thread = 0; thread < 4; thread++) {
      for (int i = 0; i < 200; i++) {
        PromptPrefix prefix = prompt(1_000L * thread + i, 20, 10);
        assertThat(depth(index, prefix, index.enlist(servers.get(i % 8)))).isEqualTo(30);
      }
    }
  }

  @Test
  void manyThreads_underPressure_failNobody() {
    PrefixIndex index = new PrefixIndex(256, 8_192, LAST_GENERATION);
    List<Backend> servers = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      servers.add(server("s" + i, 50));
    }
    AtomicInteger threads = new AtomicInteger();
    Together.run(
        4,
        () -> {
          Random random = new Random(threads.getAndIncrement());
          for (int i = 0; i < 2_000; i++) {
            Backend server = servers.get(random.nextInt(10));
            int number = index.enlist(server);
            PromptPrefix prefix = prompt(random.nextInt(100), 5, 1 + random.nextInt(40));
            assertThat(depth(index, prefix, number)).isBetween(0, prefix.chunks());
            index.learn(prefix, number, server);
            if (random.nextInt(100) == 0) {
              server.cacheLost();
            }
          }
          return 0;
        });
    Backend last = servers.get(0);
    PromptPrefix prefix = prompt(1, 5, 5);
    index.learn(prefix, index.enlist(last), last);
    assertThat(depth(index, prefix, index.enlist(last))).isEqualTo(10);
  }

  @Test
  void forget_server_anotherGetsItsNumberAndNothingOfWhatItHad() {
    PrefixIndex index = new PrefixIndex(PrefixIndex.SMALL);
    Backend first = server("a", 1_000);
    PromptPrefix prefix = prompt(1, 2, 6);
    int number = index.enlist(first);
    index.learn(prefix, number, first);
    assertThat(depth(index, prefix, number)).isEqualTo(8);
    index.forget(first);
    index.forget(first);
    Backend second = server("b", 1_000);
    assertThat(index.enlist(second)).isEqualTo(number);
    assertThat(depth(index, prefix, number)).isZero();
    assertThat(index.pressure(number)).isZero();
    index.learn(prompt(2, 0, 3), number, second);
    assertThat(depth(index, prompt(2, 0, 3), number)).isEqualTo(3);
    assertThat(depth(index, prefix, number)).isZero();
  }

  @Test
  void enlist_manyThatComeAndGo_neverRunsOutOfNumbers() {
    PrefixIndex index = new PrefixIndex(PrefixIndex.SMALL);
    for (int i = 0; i < 3 * PrefixIndex.MAX_SERVERS; i++) {
      Backend server = server("s" + i, 10);
      assertThat(index.enlist(server)).isBetween(0, 1);
      index.forget(server);
    }
  }
}
