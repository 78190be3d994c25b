package dev.caravan.tenant;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One API key as the operator's file has it: all but the key itself. Immutable.
 *
 * @param id what it is called: 1 to 64 letters, digits and {@code . _ @ -}
 * @param digest of the key
 * @param pools the pools that it may use; null for what its tenant may
 * @param priority the most urgent class that it may ask for; null for its tenant's
 * @param expiresMillis since when it is worth nothing, in milliseconds since 1970; 0 for never
 * @param explain whether it may learn why its requests go where they go; null for its tenant's
 */
public record ClientKey(
    String id,
    String tenant,
    Digest digest,
    @Nullable List<String> pools,
    @Nullable Priority priority,
    long expiresMillis,
    @Nullable Boolean explain) {}
