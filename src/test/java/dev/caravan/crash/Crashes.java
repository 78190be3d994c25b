package dev.caravan.crash;

import dev.caravan.testing.ArtemisBroker;
import dev.caravan.testing.KafkaBroker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Kills of the gateway with each broker. */
abstract class Crashes {
  @RegisterExtension static final KafkaBroker KAFKA = new KafkaBroker();

  private final int jobs;
  private final int kills;

  Crashes(int jobs, int kills) {
    this.jobs = jobs;
    this.kills = kills;
  }

  @Test
  void kafka_everyJobIsAnswered() throws Exception {
    try (KafkaSide side = new KafkaSide(KAFKA, "kills")) {
      Kills.run(side, jobs, kills, 5);
    }
  }

  @Test
  void amqp_everyJobIsAnswered() throws Exception {
    try (ArtemisBroker broker = ArtemisBroker.start();
        AmqpSide side = new AmqpSide(broker, "kills")) {
      Kills.run(side, jobs, kills, 5);
    }
  }
}
