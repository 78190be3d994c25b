package dev.caravan.admin;

import dev.caravan.admin.access.Roles;
import dev.caravan.tenant.Access;
import dev.caravan.tenant.ClientKey;
import dev.caravan.tenant.Clients;
import dev.caravan.tenant.Clients.Created;
import dev.caravan.tenant.Clients.Unchanged;
import dev.caravan.tenant.Quota;
import dev.caravan.tenant.Tenant;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The API keys of clients: listed, made, taken back. Every change is in the file at once. */
@Path("/admin/clients")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed({Roles.VIEWER, Roles.OPERATOR})
@Tag(name = "Clients")
public class ClientResource {
  private final Access access;
  private final AuditLog audit;
  private final Callers callers;

  @Inject
  public ClientResource(Access access, AuditLog audit, Callers callers) {
    this.access = access;
    this.audit = audit;
    this.callers = callers;
  }

  /**
   * Who may ask.
   *
   * @param problem what is wrong with the file as it is now; null where nothing is
   */
  public record All(List<TenantView> tenants, List<KeyView> keys, @Nullable String problem) {}

  /** What is said of one tenant; without pools it may use all. */
  public record TenantView(
      String name,
      Quota quota,
      List<String> pools,
      String priority,
      boolean explain,
      Map<String, Quota> limitsInPools) {}

  /**
   * One key, without the key.
   *
   * @param pools null for what its tenant may use
   * @param priority null for its tenant's
   * @param expires null for never
   */
  public record KeyView(
      String id,
      String tenant,
      @Nullable List<String> pools,
      @Nullable String priority,
      @Nullable String expires,
      @Nullable Boolean explain,
      boolean expired) {}

  /**
   * A key that is wanted.
   *
   * @param id what it is to be called; when not said, its tenant's name and something
   */
  public record Wanted(
      @Nullable String id,
      @Nullable String tenant,
      @Nullable List<String> pools,
      @Nullable String priority,
      @Nullable String expires,
      @Nullable Boolean explain) {}

  /**
   * A new key.
   *
   * @param key what its client sends; it is told this once, and is nowhere else
   */
  public record Made(String key, KeyView kept) {
    /** Without the key. */
    @Override
    public String toString() {
      return "Made[" + kept + "]";
    }
  }

  @GET
  @Operation(
      summary = "Tenants and keys, without the keys themselves",
      description = "As caravan.clients.file has them; a provider's tokens are not in it.")
  public All all() {
    Clients clients = clients();
    String problem = clients.complaint();
    return new All(
        clients.tenants().stream().map(ClientResource::view).toList(),
        clients.keys().stream().map(each -> view(clients, each)).toList(),
        problem.isEmpty() ? null : problem);
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @RolesAllowed(Roles.OPERATOR)
  @Operation(
      summary = "Make a key",
      description = "It counts at once. The answer has the key, which cannot be read again.")
  public Made create(@Nullable Wanted wanted) {
    if (wanted == null || wanted.tenant() == null) {
      throw new Problem(400, "tenant is missing");
    }
    Clients clients = clients();
    try {
      Created made =
          clients.create(
              wanted.id(),
              wanted.tenant(),
              wanted.pools(),
              wanted.priority(),
              wanted.expires(),
              wanted.explain());
      KeyView kept = view(clients, made.kept());
      audit.changed(callers.who(), "create key", null, null, kept, "done");
      return new Made(made.key(), kept);
    } catch (IllegalArgumentException e) {
      throw new Problem(400, String.valueOf(e.getMessage()));
    } catch (Unchanged e) {
      audit.changed(
          callers.who(), "create key", null, null, Map.of("tenant", wanted.tenant()), "failed");
      throw new Problem(409, String.valueOf(e.getMessage()));
    }
  }

  @DELETE
  @Path("/{id}")
  @RolesAllowed(Roles.OPERATOR)
  @Operation(
      summary = "Take a key back",
      description = "Requests with it get 401 from then on; answers that run end as they would.")
  public KeyView revoke(@PathParam("id") String id) {
    Clients clients = clients();
    try {
      ClientKey gone = clients.revoke(id);
      if (gone == null) {
        throw new Problem(404, "no key of that id");
      }
      KeyView view = view(clients, gone);
      audit.changed(callers.who(), "revoke key", null, view, null, "done");
      return view;
    } catch (Unchanged e) {
      audit.changed(callers.who(), "revoke key", null, Map.of("id", id), null, "failed");
      throw new Problem(409, String.valueOf(e.getMessage()));
    }
  }

  private Clients clients() {
    Clients clients = access.clients();
    if (clients == null) {
      throw new Problem(409, "there is no file of clients: set caravan.clients.file");
    }
    return clients;
  }

  private static TenantView view(Tenant each) {
    return new TenantView(
        each.name(),
        each.quota(),
        each.pools(),
        each.priority().label(),
        each.explain(),
        each.inPools());
  }

  private static KeyView view(Clients clients, ClientKey each) {
    return new KeyView(
        each.id(),
        each.tenant(),
        each.pools(),
        each.priority() == null ? null : each.priority().label(),
        each.expiresMillis() == 0 ? null : Instant.ofEpochMilli(each.expiresMillis()).toString(),
        each.explain(),
        clients.expired(each));
  }
}
