package dev.caravan.ingress;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.caravan.tenant.Client;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Answers {@code GET /v1/models} and {@code GET /v1/models/{id}} as OpenAI does. */
final class ModelList {

  private ModelList() {}

  /** Tells a client of the models that it may use; others do not exist for it. */
  static void answer(ModelCatalog catalog, @Nullable String id, Client client, Reply to) {
    StringBuilder json = new StringBuilder(256);
    if (id == null) {
      json.append("{\"object\":\"list\",\"data\":[");
      String comma = "";
      for (ModelCatalog.Entry entry : catalog.all()) {
        if (!client.mayUse(catalog.pool(entry.id()))) {
          continue;
        }
        json.append(comma);
        comma = ",";
        write(json, entry);
      }
      json.append("]}");
    } else {
      ModelCatalog.Entry entry = catalog.find(id);
      if (entry == null || !client.mayUse(catalog.pool(id))) {
        to.error(noSuchModel());
        return;
      }
      write(json, entry);
    }
    to.ok(json.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** What a client is told that asks for a model nobody serves; its name is not repeated. */
  static ClientError noSuchModel() {
    return new ClientError(
        404,
        ClientError.INVALID,
        "The model does not exist here; GET /v1/models lists those that do.",
        "model",
        "model_not_found",
        -1,
        null);
  }

  private static void write(StringBuilder json, ModelCatalog.Entry entry) {
    json.append("{\"id\":\"");
    JsonStringEncoder.getInstance().quoteAsString(entry.id(), json);
    json.append("\",\"object\":\"model\",\"created\":").append(entry.createdSeconds());
    json.append(",\"owned_by\":\"caravan\"}");
  }
}
