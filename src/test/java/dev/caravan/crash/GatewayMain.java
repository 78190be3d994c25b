package dev.caravan.crash;

import dev.caravan.TestGateway;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** The gateway as a process that can be killed: a file of routes, and settings as name=value. */
public final class GatewayMain {

  private GatewayMain() {}

  /** Runs until it is killed. */
  public static void main(String[] arguments) throws Exception {
    Map<String, String> settings = new HashMap<>();
    for (int i = 1; i < arguments.length; i++) {
      int equals = arguments[i].indexOf('=');
      settings.put(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
    }
    TestGateway gateway = TestGateway.start(Files.readString(Path.of(arguments[0])), settings);
    System.out.println("ready " + gateway.port());
    new CountDownLatch(1).await();
  }
}
