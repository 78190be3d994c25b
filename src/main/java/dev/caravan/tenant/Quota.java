package dev.caravan.tenant;

/**
 * What may be used; 0 is no limit. Immutable.
 *
 * @param requestsPerMinute requests a minute
 * @param tokensPerMinute tokens a minute, of prompts and answers
 * @param concurrentRequests requests at a time
 * @param tokensPerMonth tokens a calendar month in UTC
 */
public record Quota(
    long requestsPerMinute, long tokensPerMinute, int concurrentRequests, long tokensPerMonth) {

  /** No limit. */
  public static final Quota UNLIMITED = new Quota(0, 0, 0, 0);
}
