package dev.caravan.route;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultAsyncProducer;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.support.DefaultEndpoint;

/** Stands for {@code model:} endpoints: each does what the test says. */
public final class StubModels extends DefaultComponent {

  /** What one server does with an exchange; as a producer's {@code process}. */
  public interface Behaviour {
    boolean process(Exchange exchange, AsyncCallback callback) throws Exception;
  }

  private final Map<String, Behaviour> behaviours = new ConcurrentHashMap<>();

  public void on(String server, Behaviour behaviour) {
    behaviours.put(server, behaviour);
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
    parameters.clear();
    return new DefaultEndpoint(uri, this) {
      @Override
      public Producer createProducer() {
        return new DefaultAsyncProducer(this) {
          @Override
          public boolean process(Exchange exchange, AsyncCallback callback) {
            Behaviour behaviour = behaviours.get(remaining);
            if (behaviour == null) {
              throw new AssertionError("nobody said what " + remaining + " does");
            }
            try {
              return behaviour.process(exchange, callback);
            } catch (RuntimeException e) {
              throw e;
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          }
        };
      }

      @Override
      public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException();
      }
    };
  }
}
