package dev.caravan.route.jobs;

import dev.caravan.ingress.ClientError;
import dev.caravan.ingress.Refusal;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.queue.JobAttempt;
import dev.caravan.queue.JobQueue;
import dev.caravan.queue.JobRunner;
import dev.caravan.queue.Open;
import dev.caravan.route.parameter.JobsParameters;
import dev.caravan.upstream.Answer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.spi.IdempotentRepository;
import org.apache.camel.support.CamelContextHelper;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.processor.idempotent.MemoryIdempotentRepository;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Sends jobs down its route: each is an exchange whose body is a call, as from HTTP. */
final class JobsConsumer extends DefaultConsumer implements JobRunner {
  private static final Logger LOG = Logger.getLogger(JobsConsumer.class);

  private final Jobs jobs;
  private final JobQueue queue;
  private final JobsParameters said;
  private List<EndpointOutlet> outlets = List.of();

  JobsConsumer(
      JobsEndpoint endpoint, Processor processor, Jobs jobs, JobQueue queue, JobsParameters said) {
    super(endpoint, processor);
    this.jobs = jobs;
    this.queue = queue;
    this.said = said;
  }

  @Override
  protected void doStart() throws Exception {
    super.doStart();
    String answers = said.answers();
    String parts = said.parts();
    EndpointOutlet toAnswers = answers == null ? null : outlet(answers);
    EndpointOutlet toDead = outlet(said.deadLetters());
    EndpointOutlet toParts = parts == null ? null : outlet(parts);
    outlets = Stream.of(toAnswers, toDead, toParts).filter(Objects::nonNull).toList();
    jobs.open(queue, this, new Open(said.settings(), this, toAnswers, toDead, toParts, answered()));
  }

  private EndpointOutlet outlet(String uri) {
    return new EndpointOutlet(getEndpoint().getCamelContext(), uri);
  }

  private @Nullable IdempotentRepository answered() {
    String bean = said.repository();
    if (bean != null) {
      return CamelContextHelper.mandatoryLookup(
          getEndpoint().getCamelContext(), bean, IdempotentRepository.class);
    }
    if (said.repeats() == 0) {
      return null;
    }
    // Whoever ran the jobs before has remembered some.
    Open before = jobs.now(queue.name());
    return before != null
            && before.answered() instanceof MemoryIdempotentRepository known
            && known.getCacheSize() == said.repeats()
        ? known
        : MemoryIdempotentRepository.memoryIdempotentRepository(said.repeats());
  }

  @Override
  protected void doStop() throws Exception {
    jobs.leave(queue, this);
    for (EndpointOutlet outlet : outlets) {
      outlet.close();
    }
    super.doStop();
  }

  @Override
  public void run(JobAttempt attempt) {
    Exchange exchange = createExchange(false);
    Message in = exchange.getIn();
    in.setBody(attempt.call());
    for (Map.Entry<String, String> header : attempt.headers().entrySet()) {
      in.setHeader(header.getKey(), header.getValue());
    }
    getAsyncProcessor()
        .process(
            exchange,
            doneSync -> {
              if (attempt.call().loop().inEventLoop()) {
                leave(exchange, attempt);
              } else {
                attempt.call().loop().execute(() -> leave(exchange, attempt));
              }
            });
  }

  private void leave(Exchange exchange, JobAttempt attempt) {
    try {
      routed(exchange, attempt);
    } finally {
      releaseExchange(exchange, false);
    }
  }

  private void routed(Exchange exchange, JobAttempt attempt) {
    Throwable failure = exchange.getException();
    Object body = exchange.getMessage().getBody();
    if (failure == null && body instanceof Answer answer) {
      attempt.answered(answer);
    } else if (failure == null && body instanceof Refusal refusal) {
      attempt.refused(refusal.error(), refusal.outcome());
    } else if (failure == null && body instanceof String text) {
      attempt.answered(text.getBytes(StandardCharsets.UTF_8));
    } else if (failure == null && body instanceof byte[] bytes) {
      attempt.answered(bytes);
    } else {
      LOG.errorf(
          failure,
          "jobs:%s: request %s failed in the routes, or they left no answer: a route must end in"
              + " pool: or model:, or in a text as the body",
          queue.name(),
          attempt.call().requestId());
      attempt.refused(
          ClientError.internal(), new Outcome.FailedBefore(Cause.GATEWAY, "failed in the routes"));
    }
  }
}
