package dev.caravan.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.health.HandTicker;
import dev.caravan.time.LogThrottle;
import org.apache.camel.spi.IdempotentRepository;
import org.apache.camel.support.processor.idempotent.MemoryIdempotentRepository;
import org.junit.jupiter.api.Test;

/** Which jobs are taken for repeats of others. */
class RepeatsTest {
  private final IdempotentRepository answered = repository();
  private final Repeats repeats = new Repeats(answered, new LogThrottle(new HandTicker()));

  private static IdempotentRepository repository() {
    MemoryIdempotentRepository made = new MemoryIdempotentRepository();
    made.start();
    return made;
  }

  /** A message on loan. */
  private static final class Message implements Delivery {
    boolean redelivered;

    @Override
    public void settle() {}

    @Override
    public void handBack() {}

    @Override
    public boolean consumerMayWait() {
      return true;
    }

    @Override
    public boolean redelivered() {
      return redelivered;
    }
  }

  @Test
  void anotherMessageOfThatId_isARepeat_untilTheFirstHasFailed() {
    Message first = new Message();
    assertThat(repeats.begin("a", first)).isTrue();
    assertThat(repeats.begin("a", new Message())).isFalse();
    assertThat(repeats.begin("b", new Message())).isTrue();
    repeats.end("a", first, false);
    Message again = new Message();
    assertThat(repeats.begin("a", again)).isTrue();
    repeats.end("a", again, true);
    assertThat(repeats.begin("a", new Message())).isFalse();
  }

  @Test
  void messageThatWentWithItsConnection_isNoReasonToDropItselfWhenItComesAgain() {
    Message first = new Message();
    assertThat(repeats.begin("a", first)).isTrue();
    first.redelivered = true;
    Message again = new Message();
    assertThat(repeats.begin("a", again)).isTrue();
    repeats.end("a", first, false); // nobody sends what it has come to
    assertThat(repeats.begin("a", new Message())).as("the second one runs").isFalse();
    repeats.end("a", again, true);
    assertThat(answered.contains("a")).isTrue();
  }

  @Test
  void repositoryThatFails_holdsUpNoJob_andForgetsNoneThatRuns() {
    Repeats failing =
        new Repeats(
            new MemoryIdempotentRepository() {
              @Override
              public boolean contains(String id) {
                throw new IllegalStateException("away");
              }

              @Override
              public boolean add(String id) {
                throw new IllegalStateException("away");
              }
            },
            new LogThrottle(new HandTicker()));
    Message first = new Message();
    assertThat(failing.begin("a", first)).isTrue();
    assertThat(failing.begin("a", new Message())).isFalse();
    failing.end("a", first, true);
    assertThat(failing.begin("a", new Message())).isTrue();
  }
}
