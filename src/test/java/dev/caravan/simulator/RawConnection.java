package dev.caravan.simulator;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** One connection on which every byte can be seen. */
final class RawConnection implements AutoCloseable {
  private final Socket socket = new Socket();
  private final InputStream in;

  RawConnection(int port) throws IOException {
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 10_000);
    socket.setSoTimeout(20_000);
    in = new BufferedInputStream(socket.getInputStream());
  }

  void post(String path, String body, String... headers) throws IOException {
    StringBuilder head = new StringBuilder("POST " + path + " HTTP/1.1\r\nhost: sim\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    head.append("content-type: application/json\r\ncontent-length: ").append(bytes.length);
    socket.getOutputStream().write((head + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
  }

  void get(String path) throws IOException {
    String head = "GET " + path + " HTTP/1.1\r\nhost: sim\r\n\r\n";
    socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  /** Reads up to and with an ending. */
  String readUntil(String ending) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.indexOf(ending, Math.max(0, text.length() - ending.length())) < 0) {
      text.append((char) readByte());
    }
    return text.toString();
  }

  /** One chunk of a chunked body; empty for the last. */
  String readChunk() throws IOException {
    String size = readUntil("\r\n");
    byte[] chunk = in.readNBytes(Integer.parseInt(size.strip(), 16));
    readUntil("\r\n");
    return new String(chunk, StandardCharsets.UTF_8);
  }

  /** Everything until the other side closes. */
  String readAll() throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  private int readByte() throws IOException {
    int one = in.read();
    if (one < 0) {
      throw new EOFException("closed");
    }
    return one;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
