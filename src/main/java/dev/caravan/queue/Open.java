package dev.caravan.queue;

import org.apache.camel.spi.IdempotentRepository;
import org.jspecify.annotations.Nullable;

/**
 * What a queue of jobs works with while its route runs. Immutable.
 *
 * @param answers where answers go; null where each goes back the way its job came
 * @param parts where the events of streamed answers go as they come; null for nowhere
 * @param answered the ids of jobs that were answered lately; null where repeats run again
 */
public record Open(
    JobSettings settings,
    JobRunner runner,
    @Nullable Outlet answers,
    Outlet deadLetters,
    @Nullable Outlet parts,
    @Nullable IdempotentRepository answered) {}
