package dev.caravan.limit;

/**
 * Which limit a request is over, and when it would not be. Immutable.
 *
 * @param by the kind of limit
 * @param account whose it is
 * @param most the limit
 * @param asked what the request needs of it; of tokens an estimate
 * @param waitNanos until there will be as much, if nobody else takes it; -1 where nobody knows
 * @param never whether it could not be served however long it waited
 */
public record Refusal(
    Limit by, Account account, long most, long asked, long waitNanos, boolean never) {}
