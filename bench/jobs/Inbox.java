/** Reads a queue with a plain client. For one thread. */
interface Inbox extends AutoCloseable {
  /** Is told of each message. */
  interface Seen {
    /**
     * A message.
     *
     * @param customId whose answer it is, or null
     * @param status as in the answer's header, or null
     */
    void message(String customId, String status);
  }

  /** Reads what is there, or waits a while for something; returns how many messages that were. */
  int read(Seen seen) throws Exception;

  @Override
  void close();
}
