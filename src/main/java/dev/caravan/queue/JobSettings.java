package dev.caravan.queue;

import dev.caravan.request.Api;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code jobs:} endpoint says of itself. Immutable; validated where it is read.
 *
 * @param inflight the most jobs that run at a time, from 1
 * @param window the most that are taken and not over: those that run, wait, or whose answers are
 *     being sent; from {@code inflight}
 * @param url what a message without envelope asks for; null where each must have one
 * @param deadlineMillis how long after a message was sent its answer is of use, from 1
 * @param replyTo patterns of the queues that messages may name for their answers, with {@code *}
 *     for anything; empty where they may name none
 * @param maxFailures how often a job may fail at model servers, from 1; waiting for one is no
 *     failure
 * @param maxDeliveries how often a message may have been delivered, from 1
 * @param tenant whose jobs they are; empty for nobody's in particular
 * @param maxBytes the largest message, and the largest answer
 */
public record JobSettings(
    int inflight,
    int window,
    @Nullable Api url,
    long deadlineMillis,
    List<String> replyTo,
    int maxFailures,
    int maxDeliveries,
    String tenant,
    int maxBytes) {

  public JobSettings {
    replyTo = List.copyOf(replyTo);
  }

  /** Whether an answer may go there. */
  boolean mayReplyTo(String destination) {
    for (String pattern : replyTo) {
      if (matches(pattern, 0, destination, 0)) {
        return true;
      }
    }
    return false;
  }

  private static boolean matches(String pattern, int p, String text, int t) {
    int star = pattern.indexOf('*', p);
    if (star < 0) {
      return text.length() - t == pattern.length() - p && text.startsWith(pattern.substring(p), t);
    }
    if (!text.startsWith(pattern.substring(p, star), t)) {
      return false;
    }
    for (int from = t + star - p; from <= text.length(); from++) {
      if (matches(pattern, star + 1, text, from)) {
        return true;
      }
    }
    return false;
  }
}
