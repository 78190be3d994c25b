package dev.caravan.ingress;

import java.util.function.Predicate;
import org.apache.camel.Consumer;

/**
 * A table of consumers that can be changed in one step: while a change is staged, consumers start
 * beside those that they replace, and nothing is sent to them. One change at a time.
 */
public interface Staged {

  /**
   * A change begins: what starts from now on is kept aside.
   *
   * @param leaves which consumers the change takes away
   */
  void stage(Predicate<Consumer> leaves);

  /** What was kept aside takes the place of what leaves. Neither blocks nor fails. */
  void commit();

  /** The change is not made. */
  void drop();
}
