package dev.caravan.chaos;

import java.util.List;
import java.util.Random;

/**
 * One request of one client.
 *
 * @param usage whether a stream is to end with its usage
 * @param fresh whether it comes on a connection of its own
 * @param leaveAfter chunks, or milliseconds
 */
record Ask(
    int number,
    Pool pool,
    Question question,
    boolean stream,
    boolean usage,
    boolean fresh,
    Manner manner,
    int leaveAfter) {

  /** What the client is like. */
  enum Manner {
    PATIENT,
    /** Sends what no server accepts. */
    WRONG,
    /** Closes its connection when the request is out. */
    LEAVES_AT_ONCE,
    /** Resets its connection after so many milliseconds, unless it has its answer. */
    LEAVES_LATER,
    /** Closes its connection after so many chunks of the answer. */
    LEAVES_WITHIN
  }

  static Ask draw(int number, Pool pool, List<Question> questions, Random random) {
    Question question = questions.get(random.nextInt(questions.size()));
    boolean stream = question.api() != Question.Api.EMBEDDING && random.nextInt(100) < 65;
    int lot = random.nextInt(100);
    Manner manner =
        lot < 2
            ? Manner.WRONG
            : lot < 4
                ? Manner.LEAVES_AT_ONCE
                : lot < 7
                    ? Manner.LEAVES_LATER
                    : lot < 10 && stream ? Manner.LEAVES_WITHIN : Manner.PATIENT;
    int leaveAfter = manner == Manner.LEAVES_WITHIN ? 1 + random.nextInt(6) : random.nextInt(400);
    boolean fresh = random.nextInt(5) == 0 || manner != Manner.PATIENT;
    return new Ask(number, pool, question, stream, random.nextBoolean(), fresh, manner, leaveAfter);
  }

  /** By which the gateway's log knows it. */
  String id() {
    return "chaos-" + number;
  }

  String path() {
    return manner == Manner.WRONG ? Question.Api.CHAT.path() : question.api().path();
  }

  String body() {
    return manner == Manner.WRONG
        ? Question.bad(pool.model())
        : question.body(pool.model(), stream, usage);
  }
}
