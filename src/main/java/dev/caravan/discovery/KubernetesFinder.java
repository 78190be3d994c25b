package dev.caravan.discovery;

import dev.caravan.time.Scheduler;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds servers by the EndpointSlices of a Service, which the API server reports as they change.
 * The client has threads of its own; it is made when the first place is watched.
 */
public final class KubernetesFinder implements Finder {
  /** Which Service a slice is of. */
  static final String SERVICE_LABEL = "kubernetes.io/service-name";

  /** A pod may be moved from one slice to another, which is two changes. */
  private static final long SETTLE_MILLIS = 50;

  private final Supplier<KubernetesClient> clients;
  private final Scheduler scheduler;
  private @Nullable KubernetesClient client; // guarded by this

  public KubernetesFinder(Supplier<KubernetesClient> clients, Scheduler scheduler) {
    this.clients = clients;
    this.scheduler = scheduler;
  }

  @Override
  public Runnable watch(Place place, Listener listener) {
    if (!(place instanceof Place.Kubernetes service)) {
      throw new IllegalArgumentException(place + " is no Service");
    }
    Watch watch = new Watch(service, listener);
    watch.start(client());
    return watch::stop;
  }

  private synchronized KubernetesClient client() {
    KubernetesClient made = client;
    if (made == null) {
      made = clients.get();
      client = made;
    }
    return made;
  }

  @Override
  public synchronized void close() {
    KubernetesClient made = client;
    client = null;
    if (made != null) {
      made.close();
    }
  }

  /** One Service. Its informer asks again by itself when the API server was away. */
  private final class Watch implements ResourceEventHandler<EndpointSlice> {
    private final Place.Kubernetes service;
    private final Listener listener;
    private @Nullable SharedIndexInformer<EndpointSlice> informer; // guarded by this
    private boolean synced; // guarded by this
    private boolean due; // guarded by this
    private boolean stopped; // guarded by this

    Watch(Place.Kubernetes service, Listener listener) {
      this.service = service;
      this.listener = listener;
    }

    void start(KubernetesClient client) {
      String namespace = service.namespace() != null ? service.namespace() : client.getNamespace();
      if (namespace == null) {
        listener.failed("it is not known which namespace this is; name it in " + service);
        return;
      }
      SharedIndexInformer<EndpointSlice> made =
          client
              .discovery()
              .v1()
              .endpointSlices()
              .inNamespace(namespace)
              .withLabel(SERVICE_LABEL, service.service())
              .runnableInformer(0)
              .exceptionHandler(
                  (started, failure) -> {
                    listener.failed(reason(failure));
                    return true;
                  });
      made.addEventHandler(this);
      synchronized (this) {
        informer = made;
      }
      made.start()
          .whenComplete(
              (done, failure) -> {
                if (failure == null) {
                  synchronized (this) {
                    synced = true;
                  }
                  changed();
                }
              });
    }

    synchronized void stop() {
      stopped = true;
      SharedIndexInformer<EndpointSlice> running = informer;
      if (running != null) {
        running.stop();
      }
    }

    @Override
    public void onAdd(EndpointSlice slice) {
      changed();
    }

    @Override
    public void onUpdate(EndpointSlice before, EndpointSlice now) {
      changed();
    }

    @Override
    public void onDelete(EndpointSlice slice, boolean unseen) {
      changed();
    }

    private synchronized void changed() {
      if (synced && !due) {
        due = true;
        scheduler.schedule(this::tell, SETTLE_MILLIS);
      }
    }

    private synchronized void tell() {
      due = false;
      SharedIndexInformer<EndpointSlice> running = informer;
      if (stopped || running == null) {
        return;
      }
      try {
        listener.found(Slices.servers(running.getStore().list(), service.port()));
      } catch (IllegalArgumentException e) {
        listener.failed(String.valueOf(e.getMessage()));
      }
    }
  }

  /** What went wrong, in a line; of the API server's own words, those that say it. */
  private static String reason(Throwable failure) {
    Throwable cause = failure;
    while (!(cause instanceof KubernetesClientException) && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof KubernetesClientException said && said.getCode() > 0) {
      return "the API server said "
          + said.getCode()
          + (said.getCode() == 403
              ? ": the pod's account may not list and watch EndpointSlices"
              : "");
    }
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    List<String> lines = String.valueOf(cause.getMessage()).lines().toList();
    return "the API server cannot be reached: "
        + cause.getClass().getSimpleName()
        + (cause.getMessage() == null || lines.isEmpty() ? "" : ": " + lines.get(0));
  }
}
