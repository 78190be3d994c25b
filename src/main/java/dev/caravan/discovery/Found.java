package dev.caravan.discovery;

import org.jspecify.annotations.Nullable;

/**
 * A server that was found. Immutable.
 *
 * @param key what tells it from the others of its place, and stays the same as long as it does: the
 *     name of its pod, or its address; never empty
 * @param host its address, or its name where Kubernetes knows no address
 * @param port from 1; 0 where the place says none
 * @param zone where it stands; null where nobody said
 */
public record Found(String key, String host, int port, @Nullable String zone) {}
