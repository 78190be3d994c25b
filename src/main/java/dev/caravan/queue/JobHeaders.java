package dev.caravan.queue;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/** What the headers of a message say to the gateway, and those that it writes. */
final class JobHeaders {
  /** A whole number from 0 to 9; jobs of 9 run first. */
  static final String PRIORITY = "caravan-priority";

  /** Until when an answer is of use: RFC 3339, or milliseconds since 1970. */
  static final String DEADLINE = "caravan-deadline";

  /** Where the answer is to go, for brokers that have no such property. */
  static final String REPLY_TO = "caravan-reply-to";

  /** Names the conversation. */
  static final String CONVERSATION = "caravan-conversation";

  /** What the answer calls its job, where the message itself does not say. */
  static final String CUSTOM_ID = "caravan-custom-id";

  /** On answers: the HTTP status; on dead letters and parts of answers more of the kind. */
  static final String STATUS = "caravan-status";

  static final String REASON = "caravan-reason";
  static final String DETAIL = "caravan-detail";
  static final String ORIGIN = "caravan-origin";
  static final String ATTEMPT = "caravan-attempt";
  static final String SEQUENCE = "caravan-sequence";

  /** What JMS takes for the middle. */
  private static final int DEFAULT_PRIORITY = 4;

  private JobHeaders() {}

  /** The job's priority, 0 to 9. */
  static int priority(QueueMessage message) throws Poison {
    String said = message.headers().get(PRIORITY);
    if (said == null) {
      return message.priority() < 0 ? DEFAULT_PRIORITY : Math.min(9, message.priority());
    }
    String digit = said.strip();
    if (digit.length() != 1 || digit.charAt(0) < '0' || digit.charAt(0) > '9') {
      throw new Poison(
          Poison.Reason.HEADER, "the header " + PRIORITY + " takes a whole number from 0 to 9");
    }
    return digit.charAt(0) - '0';
  }

  /**
   * When it is too late for an answer, in milliseconds since 1970: the earliest of what the
   * message, its broker and its route say.
   *
   * @param nowMillis counts where nobody said when the message was sent
   * @param allowedMillis how long the route allows from then on
   */
  static long deadline(QueueMessage message, long nowMillis, long allowedMillis) throws Poison {
    long sent = message.timeMillis() < 0 ? nowMillis : Math.min(nowMillis, message.timeMillis());
    long deadline = sent + allowedMillis;
    if (message.expiresMillis() >= 0) {
      deadline = Math.min(deadline, message.expiresMillis());
    }
    String said = message.headers().get(DEADLINE);
    return said == null ? deadline : Math.min(deadline, instant(said.strip()));
  }

  private static long instant(String text) throws Poison {
    try {
      return text.matches("\\d{1,15}") ? Long.parseLong(text) : Instant.parse(text).toEpochMilli();
    } catch (DateTimeParseException | ArithmeticException e) {
      throw new Poison(
          Poison.Reason.HEADER,
          "the header "
              + DEADLINE
              + " takes a time such as 2027-01-31T12:00:00Z, or milliseconds since 1970");
    }
  }

  /** Where the answer is to go, if the message says. */
  static @Nullable String replyTo(QueueMessage message) {
    String said = message.headers().get(REPLY_TO);
    String stripped = said != null ? said.strip() : message.replyTo();
    return stripped == null || stripped.isEmpty() ? null : stripped;
  }
}
