package dev.caravan.admin;

import static java.util.Objects.requireNonNull;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What the management API answers and the dashboard reads, as JSON Schemas. */
public final class Contract {
  /** {@code GET /admin/overview}, and each event of its stream. */
  public static final Contract OVERVIEW = new Contract("overview.schema.json");

  /** {@code GET /admin/history}. */
  public static final Contract HISTORY = new Contract("history.schema.json");

  private final Schema schema;

  private Contract(String file) {
    schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(read(file));
  }

  /** What is wrong with an answer, by the schema; empty where nothing is. */
  public List<String> faults(String json) {
    return schema.validate(json, InputFormat.JSON).stream().map(Object::toString).toList();
  }

  /** A file of the contract, as text. */
  static String read(String file) {
    try (InputStream stream = Contract.class.getResourceAsStream("/admin/" + file)) {
      return new String(requireNonNull(stream, file).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
