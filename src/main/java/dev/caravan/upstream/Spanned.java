package dev.caravan.upstream;

/** Something that may be a span of a trace. Safe for any thread. */
public interface Spanned {

  /** Whether it is recorded; if not, the ids below are empty. */
  boolean sampled();

  /** 32 hexadecimal digits. */
  String traceId();

  /** 16 hexadecimal digits. */
  String spanId();
}
