package dev.caravan.admin;

import java.util.ArrayList;
import java.util.List;

/** A gateway in which nothing happens but what a test says. */
final class QuietGateway implements GatewayFacts {
  final List<OpenPool> pools = new ArrayList<>();
  final List<Jobs> jobs = new ArrayList<>();
  long shed;

  @Override
  public String version() {
    return "1";
  }

  @Override
  public boolean ready() {
    return true;
  }

  @Override
  public boolean draining() {
    return false;
  }

  @Override
  public long inflight() {
    return 0;
  }

  @Override
  public int connections() {
    return 0;
  }

  @Override
  public long shed() {
    return shed;
  }

  @Override
  public double loopLagSeconds() {
    return 0;
  }

  @Override
  public List<OpenPool> pools() {
    return pools;
  }

  @Override
  public List<Jobs> jobs() {
    return jobs;
  }
}
