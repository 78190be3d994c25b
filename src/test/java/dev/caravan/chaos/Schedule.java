package dev.caravan.chaos;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What is done to the servers of one pool, in rounds. In each round one server, the guard, is left
 * alone, and another one in the next. A round begins when all servers are well again, so that the
 * guard can be relied on. The same for the same seed.
 */
record Schedule(Pool pool, List<Round> rounds) {

  /**
   * One thing done to one server.
   *
   * @param delayMillis from the start of its round
   * @param detail what else there is to choose, from 0
   */
  record Injection(String server, Kind kind, int delayMillis, int lastsMillis, int detail) {
    @Override
    public String toString() {
      return String.format(
          "%6d ms  %-10s %s for %d ms (detail %d)", delayMillis, server, kind, lastsMillis, detail);
    }
  }

  /** What happens at once. */
  record Round(int number, String guard, List<Injection> injections) {
    /** Whether only one server is sick, so that what happens is that one's doing. */
    boolean alone() {
      return injections.size() == 1;
    }
  }

  /**
   * Draws one.
   *
   * @param alone the kinds that are first done one at a time
   * @param decks how often every kind is done, all servers but one being sick at once
   * @param pace 1, or less for things to be over sooner
   */
  static Schedule draw(Pool pool, List<Kind> alone, int decks, double pace, long seed) {
    Random random = new Random(seed);
    List<Round> rounds = new ArrayList<>();
    for (Kind kind : alone) {
      List<String> names = shuffled(pool.servers(), random);
      String sick =
          names.stream().filter(n -> kind.reach().reaches(pool.proxied(n))).findFirst().get();
      String guard = names.stream().filter(n -> !n.equals(sick)).findFirst().get();
      Injection only = injection(sick, kind, 0, pace, random);
      rounds.add(new Round(rounds.size() + 1, guard, List.of(only)));
    }
    Deque<Kind> deck = new ArrayDeque<>();
    for (int i = 0; i < decks; i++) {
      deck.addAll(shuffled(Arrays.asList(Kind.values()), random));
    }
    int first = random.nextInt(pool.servers().size());
    for (int turn = 0; !deck.isEmpty(); turn++) {
      String guard = pool.servers().get((first + turn) % pool.servers().size());
      List<Injection> injections = new ArrayList<>();
      for (String server : pool.servers()) {
        Kind kind = server.equals(guard) ? null : next(deck, pool.proxied(server));
        if (kind != null) {
          injections.add(injection(server, kind, random.nextInt(1_000), pace, random));
        }
      }
      if (!injections.isEmpty()) {
        rounds.add(new Round(rounds.size() + 1, guard, List.copyOf(injections)));
      }
    }
    return new Schedule(pool, List.copyOf(rounds));
  }

  private static Injection injection(
      String server, Kind kind, int delayMillis, double pace, Random random) {
    return new Injection(
        server,
        kind,
        (int) (pace * delayMillis),
        (int) (pace * kind.lastsMillis(random)),
        random.nextInt(1_000));
  }

  private static @Nullable Kind next(Deque<Kind> deck, boolean proxied) {
    for (Iterator<Kind> kinds = deck.iterator(); kinds.hasNext(); ) {
      Kind kind = kinds.next();
      if (kind.reach().reaches(proxied)) {
        kinds.remove();
        return kind;
      }
    }
    return null;
  }

  private static <T> List<T> shuffled(List<T> all, Random random) {
    List<T> copy = new ArrayList<>(all);
    Collections.shuffle(copy, random);
    return copy;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("pool " + pool.model() + "\n");
    for (Round round : rounds) {
      text.append("  round ").append(round.number()).append(", guard ").append(round.guard());
      text.append('\n');
      round.injections().forEach(each -> text.append("    ").append(each).append('\n'));
    }
    return text.toString();
  }
}
