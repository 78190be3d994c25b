package dev.caravan.discovery;

/** Watches each place by what it is. */
public final class Finders implements Finder {
  private final Finder dns;
  private final Finder kubernetes;

  public Finders(Finder dns, Finder kubernetes) {
    this.dns = dns;
    this.kubernetes = kubernetes;
  }

  @Override
  public Runnable watch(Place place, Listener listener) {
    return (place instanceof Place.Kubernetes ? kubernetes : dns).watch(place, listener);
  }

  @Override
  public void close() {
    dns.close();
    kubernetes.close();
  }
}
