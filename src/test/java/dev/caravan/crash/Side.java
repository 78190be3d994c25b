package dev.caravan.crash;

import jakarta.jms.JMSException;
import java.util.List;
import java.util.Map;

/** The world on the other side of a broker: it sends jobs, and reads answers. */
interface Side extends AutoCloseable {

  /**
   * The routes that bring jobs to {@code jobs:work}, and its endpoints for what goes out.
   *
   * @param held jobs that the gateway may have that are not known to be settled
   */
  String routes(int held);

  /** What the gateway needs to know of the broker. */
  Map<String, String> settings();

  /** Sends jobs, each durable when this returns; the text is the {@code custom_id} of each. */
  void send(List<String> ids, List<String> lines) throws Exception;

  /** Reads what answers there are by now, at least one unless none comes in a second. */
  List<String> answers() throws Exception;

  /** The dead letters that there are by now. */
  int deadLetters() throws Exception;

  @Override
  void close() throws JMSException;
}
