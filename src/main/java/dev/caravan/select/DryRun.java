package dev.caravan.select;

import dev.caravan.request.Api;
import dev.caravan.request.InvalidRequest;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says what would become of a request, and does nothing of it: nothing is sent, held, counted or
 * learnt. Safe for any thread.
 */
public interface DryRun {

  /**
   * What would become of a request.
   *
   * @param choices one for each {@code loadBalance} step of the pool's route
   * @param notes what these leave out, for people
   */
  record Foretold(String pool, List<Explanation> choices, List<String> notes) {
    public Foretold {
      choices = List.copyOf(choices);
      notes = List.copyOf(notes);
    }
  }

  /**
   * A chat without a word.
   *
   * @param model a pool's name or alias
   * @return null where no pool serves that
   */
  @Nullable Foretold emptyChat(String model);

  /**
   * A request as a client would send it.
   *
   * @param headers all of them; those that name conversations count
   * @param body the whole body
   * @param client the address that it would come from; null for none
   * @return null where no pool serves the model that it names
   * @throws InvalidRequest where no request has such a body
   */
  @Nullable Foretold request(
      Api api, List<Map.Entry<String, String>> headers, byte[] body, @Nullable String client)
      throws InvalidRequest;

  /** The largest body of a request, in bytes. */
  int maxBody();
}
