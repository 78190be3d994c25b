package dev.caravan.route.parameter;

import dev.caravan.queue.JobSettings;
import dev.caravan.request.Api;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code jobs:} consumer says about itself. Immutable.
 *
 * @param answers the endpoint that answers are sent to; null where each goes back the way its job
 *     came
 * @param deadLetters the endpoint that messages are sent to which can never be answered
 * @param parts the endpoint that gets streamed answers event by event; null for none
 * @param repeats how many answered jobs are remembered, so that their repeats do not run; 0 for
 *     none
 * @param repository the name of a repository bean that remembers them instead
 */
public record JobsParameters(
    String name,
    @Nullable String answers,
    String deadLetters,
    @Nullable String parts,
    int repeats,
    @Nullable String repository,
    JobSettings settings) {
  private static final String ROUTE = "route";

  /** The table: everything a {@code jobs:} endpoint takes. */
  public static final List<Parameter> TABLE =
      List.of(
          new Parameter(
              "answers",
              new Parameter.EndpointOr(ROUTE),
              "required",
              "The endpoint that answers are sent to, such as kafka:answers; or route, where the"
                  + " route that brought the job goes on with its answer."),
          new Parameter(
              "deadLetters",
              new Parameter.EndpointOr(),
              "required",
              "The endpoint that messages are sent to which can never be answered."),
          new Parameter(
              "chunks",
              new Parameter.EndpointOr(),
              "none",
              "The endpoint that gets the events of streamed answers as they come."),
          new Parameter(
              "inflight",
              new Parameter.Whole(1, 100_000),
              "64",
              "The most jobs that run at a time."),
          new Parameter(
              "held",
              new Parameter.Whole(1, 200_000),
              "twice inflight",
              "The most jobs that are taken and not over: running, waiting, or with an answer that"
                  + " is being sent."),
          new Parameter(
              "url",
              new Parameter.Word(Arrays.stream(Api.values()).map(Api::path).toArray(String[]::new)),
              "none",
              "What a message asks for that is a bare request without the envelope."),
          new Parameter(
              "deadline",
              new Parameter.Duration(),
              "24h",
              "How long after it was sent a message is worth an answer, where it does not say less."),
          new Parameter(
              "replyTo",
              new Parameter.Patterns(),
              "none",
              "Queues or topics that messages may name for their answers; * stands for anything."),
          new Parameter(
              "maxFailures",
              new Parameter.Whole(1, 1_000),
              "20",
              "How often a job may fail at model servers until it is answered with the error."
                  + " Waiting for a server is no failure."),
          new Parameter(
              "maxDeliveries",
              new Parameter.Whole(1, 1_000),
              "10",
              "How often a broker may deliver a message until it is a dead letter; for brokers that"
                  + " count."),
          new Parameter(
              "tenant",
              new Parameter.Text(),
              "none",
              "Whose jobs they are: a tenant's limits and pools hold for them. Messages cannot say."),
          new Parameter(
              "repeats",
              new Parameter.Whole(0, 10_000_000),
              "0",
              "How many answered jobs are remembered, so that others with their custom_id do not"
                  + " run again."),
          new Parameter(
              "idempotentRepository",
              new Parameter.Text(),
              "none",
              "A bean that remembers them instead: one of Camel's idempotent repositories, such as"
                  + " #answered."));

  /** The queue's name in a {@code jobs:} URI, or null where the URI has another scheme. */
  public static @Nullable String nameOf(String uri) {
    return EndpointName.in(uri, "jobs");
  }

  /**
   * What the parameters of an endpoint say.
   *
   * @param given values by name, placeholders resolved
   * @param maxBytes the largest message and answer
   * @throws IllegalArgumentException with what is wrong, starting with {@code jobs:name}
   */
  public static JobsParameters read(String name, Map<String, String> given, int maxBytes) {
    List<String> problems = Parameter.problems(given, TABLE);
    if (!EndpointName.model(name)) {
      problems.add("\"" + name + "\" is not " + EndpointName.MODEL_ACCEPTED);
    }
    problems.addAll(missing(given.keySet()));
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException("jobs:" + name + ": " + String.join("; ", problems));
    }
    int inflight = Integer.parseInt(given.getOrDefault("inflight", "64"));
    String held = given.get("held");
    String answers = given.getOrDefault("answers", ROUTE);
    String repository = given.get("idempotentRepository");
    return new JobsParameters(
        name,
        answers.equals(ROUTE) ? null : answers,
        given.getOrDefault("deadLetters", ""),
        given.get("chunks"),
        Integer.parseInt(given.getOrDefault("repeats", "0")),
        repository == null ? null : repository.replaceFirst("^#(bean:)?", ""),
        new JobSettings(
            inflight,
            held == null ? 2 * inflight : Math.max(inflight, Integer.parseInt(held)),
            api(given.get("url")),
            Durations.millis(given.getOrDefault("deadline", "24h")).orElseThrow(),
            PoolParameters.split(given.getOrDefault("replyTo", "")),
            Integer.parseInt(given.getOrDefault("maxFailures", "20")),
            Integer.parseInt(given.getOrDefault("maxDeliveries", "10")),
            given.getOrDefault("tenant", ""),
            maxBytes));
  }

  /** What is not there and must be. */
  public static List<String> missing(Set<String> given) {
    List<String> missing = new ArrayList<>();
    if (!given.contains("answers")) {
      missing.add("answers is missing, such as answers: kafka:answers");
    }
    if (!given.contains("deadLetters")) {
      missing.add("deadLetters is missing, such as deadLetters: kafka:dead-letters");
    }
    return missing;
  }

  private static @Nullable Api api(@Nullable String url) {
    for (Api known : Api.values()) {
      if (known.path().equals(url)) {
        return known;
      }
    }
    return null;
  }
}
