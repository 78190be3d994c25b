package dev.caravan.limit.redis;

import dev.caravan.time.Ticker;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * As much of Redis as the sharing of limits needs, and its script written again in Java, for
 * machines without Redis. {@code RealRedisTest} holds the script itself to the same tests.
 */
final class RespServer implements AutoCloseable {
  private final Ticker ticker = Ticker.system();
  private final ServerSocket listening = new ServerSocket();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Map<String, Account> accounts = new HashMap<>();

  private record Said(long number, int runs, long tillMicros) {}

  private static final class Account {
    private long requests;
    private long tokens;
    private String month = "";
    private long sum;
    private final Map<String, Said> gateways = new HashMap<>();
  }

  RespServer() throws IOException {
    listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    threads.execute(this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listening.accept();
        open.add(client);
        threads.execute(() -> serve(client));
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  private void serve(Socket client) {
    try (client) {
      InputStream in = new BufferedInputStream(client.getInputStream());
      OutputStream out = client.getOutputStream();
      while (true) {
        out.write(answer(command(in)).getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException left) {
      open.remove(client);
    }
  }

  private static List<String> command(InputStream in) throws IOException {
    int count = Integer.parseInt(line(in).substring(1));
    List<String> words = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] word = in.readNBytes(Integer.parseInt(line(in).substring(1)));
      in.skipNBytes(2);
      words.add(new String(word, StandardCharsets.UTF_8));
    }
    return words;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\r'; b = in.read()) {
      if (b < 0) {
        throw new EOFException();
      }
      line.append((char) b);
    }
    in.skipNBytes(1);
    return line.toString();
  }

  private String answer(List<String> words) {
    return switch (words.get(0).toUpperCase(Locale.ROOT)) {
      case "PING" -> "+PONG\r\n";
      case "SCRIPT" -> bulk("0123456789012345678901234567890123456789");
      case "EVALSHA" -> evaluated(words.get(3), words.subList(4, words.size()));
      case "CLIENT", "AUTH", "SELECT" -> "+OK\r\n";
      default -> "-ERR unknown command\r\n";
    };
  }

  private static String bulk(String text) {
    return "$" + text.length() + "\r\n" + text + "\r\n";
  }

  private synchronized String evaluated(String key, List<String> said) {
    Account account = accounts.computeIfAbsent(key, name -> new Account());
    long now = 1_000_000_000_000L + ticker.nanos() / 1_000;
    Said last = account.gateways.get(said.get(4));
    long number = Long.parseLong(said.get(5));
    long before = last == null ? 0 : last.number;
    boolean again = before >= number;
    if (!again) {
      account.requests = full(account.requests, Long.parseLong(said.get(0)), now);
      account.tokens = full(account.tokens, Long.parseLong(said.get(1)), now);
      if (said.get(2).compareTo(account.month) >= 0) {
        boolean next = !said.get(2).equals(account.month);
        account.sum = (next ? 0 : account.sum) + Long.parseLong(said.get(3));
        account.month = said.get(2);
      }
    }
    account.gateways.put(
        said.get(4),
        new Said(
            Math.max(before, number),
            Integer.parseInt(said.get(6)),
            now + Long.parseLong(said.get(7))));
    account.gateways.values().removeIf(each -> each.tillMicros < now);
    int elsewhere =
        account.gateways.entrySet().stream()
            .filter(each -> !each.getKey().equals(said.get(4)))
            .mapToInt(each -> each.getValue().runs)
            .sum();
    return "*5\r\n"
        + bulk(Long.toString(Math.max(0, account.requests - now)))
        + bulk(Long.toString(Math.max(0, account.tokens - now)))
        + bulk(account.month)
        + bulk(Long.toString(account.sum))
        + bulk(Integer.toString(elsewhere));
  }

  private static long full(long before, long used, long now) {
    return (used > 0 ? Math.max(before, now) : before) + used;
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket each : open) {
      each.close();
    }
    threads.shutdownNow();
  }
}
