package dev.caravan.select;

import dev.caravan.fleet.PoolPolicy.Affinity.Stickiness;
import dev.caravan.request.Api;
import dev.caravan.request.Conversation;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Selection.Basis;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Why one choice came about: what was asked, what every server was measured at, and why the one
 * chosen won. Holds no text of the client's but the model's name. Immutable.
 *
 * @param balancer the name of the row that chose
 * @param servers all that were offered, in the order of the offer
 * @param panic whether too few of them were usable, so that doubtful ones were let in
 * @param winner the one chosen; null where nobody could be, and where chance would decide
 * @param lot those among whom chance decided, or would; empty where it has no part
 * @param basis what made the winner the one; null where nobody could be chosen
 * @param why one sentence for people
 */
public record Explanation(
    String balancer,
    Asked asked,
    List<Server> servers,
    boolean panic,
    @Nullable String winner,
    List<String> lot,
    @Nullable Basis basis,
    String why) {

  public Explanation {
    servers = List.copyOf(servers);
    lot = List.copyOf(lot);
  }

  /**
   * What counted of the request.
   *
   * @param promptTokens as estimated
   * @param conversation where its key was found; never the key
   * @param affinity what the pool says of conversations
   */
  public record Asked(
      String model,
      Api api,
      int promptTokens,
      Conversation.Source conversation,
      Stickiness affinity) {

    static Asked of(InferenceRequest request, Stickiness affinity) {
      return new Asked(
          request.model(),
          request.api(),
          request.promptTokens(),
          request.conversation().source(),
          affinity);
    }
  }

  /**
   * One server as it was then.
   *
   * @param eligible whether all filters let it in
   * @param filters what each of them said
   * @param scorers what each of them measured; empty where the row has none
   * @param score the weighted mean of the scores, from 0 to 1, higher is better; null where the row
   *     has no scorers
   * @param maxInflight the most that it may hold; {@link dev.caravan.fleet.BackendSpec#UNLIMITED}
   *     for no limit
   * @param share its part of a fair share, below 1 in its slow start
   * @param load its work, where the choice went by it
   * @param cache its prefix cache, where the choice went by it
   * @param place its place in the order of the conversation or the prompt, from 1; 0 where there is
   *     no order or it has no place
   * @param overBound why it was over its bound in that order; null where it was not
   */
  public record Server(
      String name,
      boolean eligible,
      List<Verdict> filters,
      List<Measure> scorers,
      @Nullable Double score,
      int inflight,
      int maxInflight,
      int weight,
      double share,
      @Nullable Work load,
      @Nullable Cache cache,
      int place,
      @Nullable String overBound) {

    public Server {
      filters = List.copyOf(filters);
      scorers = List.copyOf(scorers);
    }

    /** The filter that counts: the first that refused it; null where it was eligible. */
    @Nullable Verdict refusal() {
      return filters.stream().filter(each -> !each.admits()).findFirst().orElse(null);
    }
  }

  /**
   * What a filter said.
   *
   * @param reason why it refused, or what it overlooked in panic; empty otherwise
   */
  public record Verdict(String filter, boolean admits, String reason) {}

  /**
   * What a scorer measured.
   *
   * @param measure in that unit, from 0; less is better
   * @param score from 0 to 1, higher is better
   */
  public record Measure(String scorer, double measure, String unit, double score) {}

  /**
   * What a server has to do.
   *
   * @param tokens of the requests that it holds
   * @param queued requests that wait for their first token
   * @param backlogTokens prompt tokens that it is still to compute
   * @param tokensPerMilli how many of them it computes in a millisecond
   * @param ttftMillisPerToken the moving average of its time to the first token, for a token of the
   *     prompt; 0 before the first
   */
  public record Work(
      long tokens,
      int queued,
      long backlogTokens,
      double tokensPerMilli,
      double ttftMillisPerToken) {}

  /**
   * What is thought of a server's prefix cache.
   *
   * @param cachedTokens of this prompt that are in it
   * @param pressure how fast it is written over; 1 for as fast as the average
   */
  public record Cache(int cachedTokens, double pressure) {}

  /** One for a request that no server was looked at for. */
  public static Explanation refused(
      String balancer, InferenceRequest request, Stickiness affinity, String why) {
    return new Explanation(
        balancer, Asked.of(request, affinity), List.of(), false, null, List.of(), null, why);
  }

  /** All of it that fits into one line. */
  public String line() {
    String passedOver =
        servers.stream()
            .filter(each -> !each.eligible())
            .map(each -> each.name() + " (" + Why.refusal(each) + ")")
            .collect(Collectors.joining(", "));
    long eligible = servers.stream().filter(Server::eligible).count();
    return (winner != null ? winner : lot.isEmpty() ? "nobody" : "any of " + lot)
        + " by "
        + balancer
        + " ("
        + eligible
        + " of "
        + servers.size()
        + " eligible): "
        + why
        + (basis == null || passedOver.isEmpty() ? "" : "; passed over: " + passedOver);
  }
}
