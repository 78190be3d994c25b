package dev.caravan.admin;

import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import org.jspecify.annotations.Nullable;

/** What the API cannot do, and why: told as RFC 9457 problem JSON. */
public final class Problem extends RuntimeException {
  private static final long serialVersionUID = 1;

  private static final String NOT_AS_IT_SHOULD_BE =
      "the request or its body is not as it should be";

  static final String TYPE = "application/problem+json";

  private final int status;

  Problem(int status, String detail) {
    super(detail, null, false, false);
    this.status = status;
  }

  int status() {
    return status;
  }

  /** Nobody of that name is in the fleet. */
  static Problem noServer() {
    return new Problem(404, "no model: server of that name");
  }

  /** What a client reads. */
  public record Body(String title, int status, String detail) {}

  private static Response answer(int code, @Nullable String detail) {
    Response.Status status = Response.Status.fromStatusCode(code);
    String title = status == null ? "Error" : status.getReasonPhrase();
    return Response.status(code)
        .type(TYPE)
        .entity(new Body(title, code, detail == null ? title : detail))
        .build();
  }

  /** Makes an answer of it. */
  @Provider
  public static final class Mapper implements ExceptionMapper<Problem> {
    @Override
    public Response toResponse(Problem problem) {
      return answer(problem.status, problem.getMessage());
    }
  }

  /** Makes the same of what the server itself finds wrong: a method, a type, a body. */
  @Provider
  public static final class OthersMapper implements ExceptionMapper<WebApplicationException> {
    @Override
    public Response toResponse(WebApplicationException thrown) {
      Response response = thrown.getResponse();
      if (response.hasEntity() || response.getStatus() < 400) {
        return response;
      }
      return answer(response.getStatus(), response.getStatus() == 400 ? NOT_AS_IT_SHOULD_BE : null);
    }
  }

  /** Makes the same of a body that is JSON, and not the JSON that is wanted. */
  @Provider
  public static final class BodyMapper implements ExceptionMapper<MismatchedInputException> {
    @Override
    public Response toResponse(MismatchedInputException thrown) {
      return answer(400, NOT_AS_IT_SHOULD_BE);
    }
  }
}
