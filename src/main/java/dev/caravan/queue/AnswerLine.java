package dev.caravan.queue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Writes what a job is answered with: a line of OpenAI's Batch API.
 *
 * @see <a href="https://platform.openai.com/docs/api-reference/batch/request-output">the request
 *     output object</a>
 */
final class AnswerLine {
  private static final JsonFactory JSON = new JsonFactory();
  private static final byte[] END = "},\"error\":null}".getBytes(StandardCharsets.US_ASCII);

  private AnswerLine() {}

  /** The answer of a model server, or the error that HTTP clients would have got. */
  static ByteBuf answered(Job job, int status, ByteBuf body) {
    StringBuilder head = begin(job);
    head.append("\"response\":{\"status_code\":").append(status).append(",\"request_id\":");
    quote(head, job.requestId());
    head.append(",\"body\":");
    return Unpooled.wrappedBuffer(
        Unpooled.wrappedBuffer(head.toString().getBytes(StandardCharsets.UTF_8)),
        isJson(body) ? body.duplicate() : quoted(body),
        Unpooled.wrappedBuffer(END));
  }

  /** There is no answer, and will be none. */
  static ByteBuf failed(Job job, String code, String message) {
    StringBuilder line = begin(job);
    line.append("\"response\":null,\"error\":{\"code\":");
    quote(line, code);
    line.append(",\"message\":");
    quote(line, message);
    return Unpooled.wrappedBuffer(line.append("}}").toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * One event of an answer that is streamed.
   *
   * @param data the event's data
   */
  static ByteBuf part(Job job, String data) {
    StringBuilder line = begin(job);
    return Unpooled.wrappedBuffer(
        line.append("\"chunk\":")
            .append(
                isJson(Unpooled.wrappedBuffer(data.getBytes(StandardCharsets.UTF_8)))
                    ? data
                    : "null")
            .append('}')
            .toString()
            .getBytes(StandardCharsets.UTF_8));
  }

  private static StringBuilder begin(Job job) {
    StringBuilder line = new StringBuilder(256);
    line.append("{\"id\":");
    quote(line, "batch_req_" + job.requestId());
    line.append(",\"custom_id\":");
    quote(line, job.customId());
    return line.append(',');
  }

  private static void quote(StringBuilder line, String value) {
    line.append('"');
    JsonStringEncoder.getInstance().quoteAsString(value, line);
    line.append('"');
  }

  /** A server may answer an error with any text. */
  private static ByteBuf quoted(ByteBuf text) {
    StringBuilder json = new StringBuilder();
    quote(json, text.toString(StandardCharsets.UTF_8));
    return Unpooled.wrappedBuffer(json.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static boolean isJson(ByteBuf body) {
    try (JsonParser json =
        JSON.createParser(
            body.array(), body.arrayOffset() + body.readerIndex(), body.readableBytes())) {
      JsonToken first = json.nextToken();
      if (first == null) {
        return false;
      }
      json.skipChildren();
      return json.nextToken() == null;
    } catch (IOException e) {
      return false;
    }
  }
}
