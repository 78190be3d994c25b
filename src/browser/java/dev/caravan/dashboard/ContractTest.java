package dev.caravan.dashboard;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.playwright.options.ReducedMotion;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The scenes are what the API sends, and the page reads nothing else. */
@Tag("browser")
class ContractTest extends BrowserTest {
  /** Notes each field that is read of what JSON.parse gives, by its path. */
  private static final String RECORDER =
      """
      window.reads = new Set();
      const parse = JSON.parse;
      const wrap = (value, path) => {
        if (value === null || typeof value !== "object") return value;
        return new Proxy(value, {
          get(target, key) {
            const found = Reflect.get(target, key);
            if (typeof key !== "string" || typeof found === "function") return found;
            if (Array.isArray(target)) return wrap(found, path);
            if (key !== "toJSON") window.reads.add(`${path}.${key}`);
            return wrap(found, `${path}.${key}`);
          },
        });
      };
      JSON.parse = (text) => wrap(parse(text), "");
      """;

  @Test
  void everyFieldThatThePageReads_isOneOfTheContract() throws Exception {
    gateway = new ScriptedGateway(Scenes::trouble);
    open(Look.LIGHT, ReducedMotion.REDUCE);
    drawn();
    page.context().addInitScript("(() => {" + RECORDER + "})();");
    page.reload();
    drawn();
    page.locator("#servers-box button.link").first().click();
    page.locator(".sheet canvas").nth(3).waitFor();
    page.locator("#sheet").getByText("Drain…").click();
    Set<String> read = new TreeSet<>();
    ((List<?>) page.evaluate("() => [...window.reads]")).forEach(each -> read.add((String) each));
    JsonNode schema = new ObjectMapper().readTree(schema());
    Set<String> known = new TreeSet<>();
    collect(schema, schema, "", known);
    assertThat(read).hasSizeGreaterThan(50).isSubsetOf(known);
  }

  @Test
  void scenes_areAnswersOfTheApi() throws Exception {
    visit(Scenes::demo, Look.LIGHT);
    var contract =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(schema());
    for (IntFunction<JsonObject> scene :
        List.<IntFunction<JsonObject>>of(
            Scenes::empty, Scenes::demo, Scenes::trouble, Scenes::hundred, Scenes::hostile)) {
      assertThat(contract.validate(scene.apply(3).encode(), InputFormat.JSON)).isEmpty();
    }
  }

  private static void collect(JsonNode schema, JsonNode part, String path, Set<String> known) {
    if (part.has("$ref")) {
      collect(schema, schema.at(part.get("$ref").asText().substring(1)), path, known);
    } else if (part.has("items")) {
      collect(schema, part.get("items"), path, known);
    } else if (part.has("oneOf")) {
      part.get("oneOf").forEach(each -> collect(schema, each, path, known));
    } else if (part.has("properties")) {
      part.get("properties")
          .fieldNames()
          .forEachRemaining(
              name -> {
                String field = path + "." + name;
                known.add(field);
                collect(schema, part.get("properties").get(name), field, known);
              });
    }
  }

  private static String schema() throws IOException {
    try (InputStream file = ContractTest.class.getResourceAsStream("/admin/overview.schema.json")) {
      return new String(requireNonNull(file).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
