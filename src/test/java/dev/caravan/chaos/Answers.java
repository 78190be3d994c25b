package dev.caravan.chaos;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.testing.RawHttp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** What each server answers to each question when nothing is wrong. Immutable. */
final class Answers {
  private static final ObjectMapper JSON = new ObjectMapper();

  private record Key(String server, int question) {}

  private final Map<Key, String> texts;

  private Answers(Map<Key, String> texts) {
    this.texts = Map.copyOf(texts);
  }

  /** Asks every server every question, past the gateway. */
  static Answers learn(List<Pool> pools, List<Question> questions, Servers servers) {
    Map<Key, String> texts = new ConcurrentHashMap<>();
    ExecutorService threads = Executors.newFixedThreadPool(48);
    try {
      List<CompletableFuture<Void>> asking = new ArrayList<>();
      for (Pool pool : pools) {
        for (String server : pool.servers()) {
          for (Question question : questions) {
            asking.add(
                CompletableFuture.runAsync(
                    () ->
                        texts.put(
                            new Key(server, question.number()),
                            ask(servers.get(server).port(), pool.model(), question)),
                    threads));
          }
        }
      }
      asking.forEach(CompletableFuture::join);
    } finally {
      threads.shutdownNow();
    }
    return new Answers(texts);
  }

  private static String ask(int port, String model, Question question) {
    try {
      RawHttp.Answer answer =
          RawHttp.ask(port, question.api().path(), question.body(model, false, false));
      if (answer.status() != 200) {
        throw new IllegalStateException(answer.text());
      }
      return question.said(JSON.readTree(answer.body()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String of(String server, Question question) {
    return Objects.requireNonNull(texts.get(new Key(server, question.number())), server);
  }

  boolean knows(String server, Question question) {
    return texts.containsKey(new Key(server, question.number()));
  }
}
