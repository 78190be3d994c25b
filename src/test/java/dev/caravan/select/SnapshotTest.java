package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Room;
import dev.caravan.fleet.ServerState;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SnapshotTest {
  private static final Availability DOWN = Availability.down("no answer to a probe");

  @Test
  void toString_threeServers_isTheLineOfTheDocumentation() {
    Snapshot snapshot =
        Snapshot.of(
            BackendView.of("gpu-a", 3, 2, 64, Availability.UP, true, false),
            BackendView.of("gpu-b", 0, 1, BackendSpec.UNLIMITED, DOWN, true, false),
            BackendView.of("gpu-c", 1, 1, 8, Availability.UP, false, true));
    assertThat(snapshot)
        .hasToString(
            "gpu-a 3/64 w2; gpu-b 0/- w1 down(down)=\"no answer to a probe\";"
                + " gpu-c 1/8 w1 breaker-open tried");
  }

  @Test
  void parse_line_hasEveryNumber() {
    Snapshot snapshot =
        Snapshot.parse("gpu-a 3/64 w2; gpu-b 0/- w1 down(down)=drained breaker-open tried");
    assertThat(snapshot.size()).isEqualTo(2);
    BackendView a = snapshot.view(0);
    assertThat(a.name()).isEqualTo("gpu-a");
    assertThat(a.index()).isZero();
    assertThat(a.inflight()).isEqualTo(3);
    assertThat(a.maxInflight()).isEqualTo(64);
    assertThat(a.weight()).isEqualTo(2);
    assertThat(a.availability()).isEqualTo(Availability.UP);
    assertThat(a.permitted()).isTrue();
    assertThat(a.tried()).isFalse();
    BackendView b = snapshot.view(1);
    assertThat(b.index()).isEqualTo(1);
    assertThat(b.maxInflight()).isEqualTo(BackendSpec.UNLIMITED);
    assertThat(b.availability()).isEqualTo(Availability.down("drained"));
    assertThat(b.permitted()).isFalse();
    assertThat(b.tried()).isTrue();
  }

  @Test
  void parse_loadAndCache_areInTheLine() {
    String line =
        "gpu-a 3/64 w2 share=0.5 tokens=2400 queued=2/900 speed=12.5 ttft=0.125 cached=384"
            + " pressure=1.5 background=3/4500/pace";
    BackendView view = Snapshot.parse(line).view(0);
    assertThat(view.share()).isEqualTo(0.5);
    assertThat(view.tokens()).isEqualTo(2_400);
    assertThat(view.queued()).isEqualTo(2);
    assertThat(view.backlogTokens()).isEqualTo(900);
    assertThat(view.tokensPerMilli()).isEqualTo(12.5);
    assertThat(view.ttftMillisPerToken()).isEqualTo(0.125);
    assertThat(view.cachedTokens()).isEqualTo(384);
    assertThat(view.pressure()).isEqualTo(1.5);
    assertThat(view.background().settled()).isEqualTo(3);
    assertThat(view.background().settledTokens()).isEqualTo(4_500);
    assertThat(view.background().room()).isEqualTo(Room.PACE);
    assertThat(view).hasToString(line);
  }

  @Test
  void parse_emptyLine_isAnEmptyOffer() {
    assertThat(Snapshot.parse("").size()).isZero();
    assertThat(Snapshot.of()).hasToString("");
  }

  @Property
  void parse_whateverWasWritten_isTheSameOnOneLine(@ForAll("snapshots") Snapshot snapshot) {
    String line = snapshot.toString();
    assertThat(line.lines().count()).isLessThanOrEqualTo(1);
    assertThat(line.chars()).noneMatch(Character::isISOControl);
    Snapshot parsed = Snapshot.parse(line);
    assertThat(parsed.size()).isEqualTo(snapshot.size());
    for (int i = 0; i < snapshot.size(); i++) {
      assertThat(values(parsed.view(i))).isEqualTo(values(snapshot.view(i)));
    }
  }

  private static List<Object> values(BackendView view) {
    return List.of(
        view.index(),
        view.name(),
        view.inflight(),
        view.weight(),
        view.maxInflight(),
        view.availability(),
        view.permitted(),
        view.tried(),
        view.share(),
        view.tokens(),
        view.queued(),
        view.backlogTokens(),
        view.tokensPerMilli(),
        view.ttftMillisPerToken(),
        view.cachedTokens(),
        view.pressure(),
        view.background().settled(),
        view.background().room(),
        view.nameDigest());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "gpu-a                  | expected \" \" at character 5",
        "gpu-a 3                | expected \"/\" at character 7",
        "gpu-a x/1 w1           | expected a number at character 6",
        "gpu-a 3/9999999999 w1  | expected a number of at most 2147483647 at character 17",
        "gpu-a 3/4 w1 gone      | expected what stands against a server at character 13",
        "gpu-a 3/4 w1 up(dizzy)=x | expected the state of a server at character 16",
        "gpu-a 3/4 w1 share=much | expected a decimal number at character 19",
        "gpu-a 3/4 w1 queued=3  | expected \"/\" at character 21",
        "gpu-a 3/4 w1 queued=3/x | expected a number at character 22",
        "gpu-a 3/4 w1 speed=1.2.3 | expected a decimal number at character 19",
        "gpu-a 3/4 w1 ttft=-     | expected a decimal number at character 18",
        "gpu-a 3/4 w1 cached=9999999999 | expected a number of at most 2147483647 at character",
        "gpu-a 3/4 w1 tokens=1000000000000000000 | expected a number of at most",
        "gpu-a 3/4 w1 background=1/2/lazy | expected what background work waits for at character",
        "gpu-a 3/4 w1;gpu-b     | expected \"; \" at character 12",
        "\"gpu-a                | expected a closing quote at character 6",
        "\"gpu\\u00zz\" 3/4 w1  | expected four hexadecimal digits at character 8",
        "gpu-a 3/4 w1 down(hung)= | expected a name or a reason at character 24"
      })
  void parse_somethingElse_saysWhereItWentWrong(String line, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Snapshot.parse(line))
        .withMessageContaining(message)
        .withMessageContaining(line);
  }

  /** From tiny to huge, with as many digits as a double has. */
  private static Arbitrary<Double> quotients(int from) {
    return Combinators.combine(
            Arbitraries.integers().between(from, Integer.MAX_VALUE),
            Arbitraries.integers().between(1, Integer.MAX_VALUE))
        .as((one, other) -> (double) one / other);
  }

  @Provide
  Arbitrary<Snapshot> snapshots() {
    Arbitrary<Integer> limits =
        Arbitraries.oneOf(
            Arbitraries.integers().between(1, 1_000), Arbitraries.just(BackendSpec.UNLIMITED));
    Arbitrary<Availability> availabilities =
        Combinators.combine(
                Arbitraries.of(ServerState.class),
                Arbitraries.of(Use.class),
                Arbitraries.strings().ofMaxLength(12),
                Arbitraries.just(Availability.UNTIL_NEWS))
            .as(Availability::new);
    Arbitrary<BackendView> plain =
        Combinators.combine(
                Arbitraries.strings().ofMaxLength(12),
                Arbitraries.integers().between(0, Integer.MAX_VALUE),
                Arbitraries.integers().between(1, 256),
                limits,
                Arbitraries.oneOf(availabilities, Arbitraries.just(Availability.UP)),
                Arbitraries.of(true, false),
                Arbitraries.of(true, false),
                Arbitraries.doubles().between(0.001, 1).ofScale(3))
            .as(BackendView::of);
    return Combinators.combine(
            plain,
            Arbitraries.longs().between(0, 1L << 40),
            Arbitraries.integers().between(0, Integer.MAX_VALUE),
            Arbitraries.longs().between(0, 1L << 40),
            quotients(1),
            quotients(0),
            Arbitraries.integers().between(0, 1_000_000),
            quotients(0))
        .as(
            (view, tokens, queued, backlog, speed, ttft, cached, pressure) ->
                view.loaded(tokens, queued, backlog, speed, ttft)
                    .caching(cached, pressure)
                    .yielding(cached % 7, 0, cached % 2 == 0 ? Room.FREE : Room.PACE))
        .list()
        .ofMaxSize(5)
        .map(Snapshot::of);
  }

  @Test
  void of_sameRowsTwice_areCopiedToTheirPositions() {
    BackendView row = Offers.server("gpu-a", 1, 1);
    Snapshot snapshot = Snapshot.of(List.of(row, row));
    assertThat(snapshot.view(1).index()).isEqualTo(1);
    assertThat(snapshot.view(0).index()).isZero();
  }
}
