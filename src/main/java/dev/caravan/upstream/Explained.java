package dev.caravan.upstream;

/**
 * Why a call was sent where it was, in one line of a header: attempt after attempt. Of the call's
 * event loop; its forks write into the same.
 */
public final class Explained {

  /** The longest line, in characters: clients and proxies take a header line of 8 KiB or more. */
  public static final int MAX_LENGTH = 2048;

  private static final String BETWEEN = " | ";
  private static final String CUT = "...";

  private final StringBuilder line = new StringBuilder();

  /** Whether nothing was said yet. */
  public boolean empty() {
    return line.isEmpty();
  }

  /**
   * A server was picked, or none could be.
   *
   * @param why anything; what is not printable ASCII becomes {@code ?}
   */
  public void add(String why) {
    if (line.length() == MAX_LENGTH) {
      return;
    }
    if (!empty()) {
      line.append(BETWEEN);
    }
    for (int i = 0; i < why.length() && line.length() <= MAX_LENGTH; i++) {
      char c = why.charAt(i);
      line.append(c >= ' ' && c <= '~' ? c : '?');
    }
    if (line.length() > MAX_LENGTH) {
      line.setLength(MAX_LENGTH - CUT.length());
      line.append(CUT);
    }
  }

  /** At most {@link #MAX_LENGTH} characters of printable ASCII. */
  public String line() {
    return line.toString();
  }
}
