package dev.caravan.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Sasl;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.engine.Session;
import org.apache.qpid.proton.engine.Transport;
import org.apache.qpid.proton.message.Message;

/** Sends a message of AMQP 1.0 as it is, as clients do that have never heard of JMS. */
public final class ProtonSender {
  private final Transport transport = Proton.transport();
  private final Socket socket;

  private ProtonSender(Socket socket) {
    this.socket = socket;
  }

  /** Sends one, and waits until the broker has it. */
  public static void send(int port, String queue, Message message) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      new ProtonSender(socket).send(queue, message);
    }
  }

  private void send(String queue, Message message) throws IOException {
    Sasl sasl = transport.sasl();
    sasl.client();
    sasl.setMechanisms("ANONYMOUS");
    Connection connection = Proton.connection();
    connection.setContainer("proton");
    transport.bind(connection);
    connection.open();
    Session session = connection.session();
    session.open();
    Sender sender = session.sender("sender");
    Target target = new Target();
    target.setAddress(queue);
    sender.setTarget(target);
    sender.open();
    while (sender.getCredit() <= 0) {
      exchangeBytes();
    }
    byte[] bytes = new byte[64 * 1024];
    int length = message.encode(bytes, 0, bytes.length);
    Delivery delivery = sender.delivery(new byte[] {1});
    sender.send(bytes, 0, length);
    sender.advance();
    while (delivery.getRemoteState() == null) {
      exchangeBytes();
    }
  }

  private void exchangeBytes() throws IOException {
    while (transport.pending() > 0) {
      ByteBuffer out = transport.head();
      byte[] bytes = new byte[out.remaining()];
      out.get(bytes);
      socket.getOutputStream().write(bytes);
      transport.pop(bytes.length);
    }
    byte[] bytes = new byte[transport.capacity()];
    int read = socket.getInputStream().read(bytes);
    if (read < 0) {
      throw new IOException("the broker has closed the connection");
    }
    transport.tail().put(bytes, 0, read);
    transport.process();
  }
}
