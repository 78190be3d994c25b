package dev.caravan.queue;

import org.apache.camel.Endpoint;

/**
 * An endpoint at which messages become jobs: {@code jobs:NAME}. A consumer of a queue looks whether
 * its route leads to one, and lends its messages as {@link Delivery} says if so.
 */
public interface IntakeEndpoint extends Endpoint {

  Intake intake();
}
