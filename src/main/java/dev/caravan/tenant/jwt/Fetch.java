package dev.caravan.tenant.jwt;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Fetches small documents of an issuer, each within a time and a size, however slowly it sends
 * them. Follows no redirect. Waits.
 */
final class Fetch {
  /** A document may take so long, from the first look for its host to its last byte. */
  static final int PATIENCE_MILLIS = 3_000;

  /** Far more than any issuer's keys take. */
  static final int MAX_BYTES = 512 * 1024;

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(Duration.ofMillis(PATIENCE_MILLIS))
          .build();

  /**
   * The document at a URL.
   *
   * @throws IOException where it is not to be had
   */
  String text(String url) throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url)).header("accept", "application/json").build();
    CompletableFuture<HttpResponse<byte[]>> running =
        http.sendAsync(request, head -> new Bounded());
    try {
      HttpResponse<byte[]> answer = running.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      if (answer.statusCode() != 200) {
        throw new IOException(url + " answered " + answer.statusCode());
      }
      return new String(answer.body(), StandardCharsets.UTF_8);
    } catch (ExecutionException e) {
      throw new IOException(url + ": " + reason(e), e);
    } catch (TimeoutException e) {
      throw new IOException(url + " did not answer in " + PATIENCE_MILLIS + " ms", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the gateway stops", e);
    } finally {
      boolean ignored = running.cancel(true); // does nothing where it is over
    }
  }

  private static String reason(ExecutionException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    String said = cause.getMessage();
    return cause.getClass().getSimpleName() + (said == null ? "" : ": " + said);
  }

  /** A body up to {@link #MAX_BYTES}. */
  private static final class Bounded implements HttpResponse.BodySubscriber<byte[]> {
    private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
    private final ByteArrayOutputStream sofar = new ByteArrayOutputStream();
    private Flow.@Nullable Subscription from;

    @Override
    public CompletionStage<byte[]> getBody() {
      return whole;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      from = subscription;
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> parts) {
      for (ByteBuffer part : parts) {
        if (sofar.size() + part.remaining() > MAX_BYTES) {
          Flow.Subscription open = from;
          if (open != null) {
            open.cancel();
          }
          whole.completeExceptionally(new IOException("more than " + MAX_BYTES + " bytes"));
          return;
        }
        byte[] bytes = new byte[part.remaining()];
        part.get(bytes);
        sofar.writeBytes(bytes);
      }
    }

    @Override
    public void onError(Throwable broken) {
      whole.completeExceptionally(broken);
    }

    @Override
    public void onComplete() {
      whole.complete(sofar.toByteArray());
    }
  }
}
