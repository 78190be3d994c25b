package dev.caravan.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.tenant.Access;
import dev.caravan.tenant.Client;
import dev.caravan.tenant.Denied;
import dev.caravan.tenant.Quota;
import dev.caravan.tenant.Standing;
import dev.caravan.tenant.TokenChecks;
import dev.caravan.tenant.TokenChecks.Checked;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A token is being checked elsewhere while its request arrives. */
class TokensAtTheDoorTest {
  private static final String BODY = "{\"model\":\"llama\",\"messages\":[]}";
  private static final String TOKEN = "authorization: Bearer eyJh.eyJz.c2ln\r\n";
  private static final Client ANA = new Client("ana", Quota.UNLIMITED);

  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private Standing result = ANA;
  private final Door door =
      new Door(
          new Access(
              null, new TokenChecks(token -> new Checked(result, 9_000), tasks::add, () -> 1_000)));

  @BeforeEach
  void open() {
    door.open();
  }

  @AfterEach
  void close() {
    door.channel.finishAndReleaseAll();
  }

  private void checked() {
    tasks.remove().run();
    door.channel.runPendingTasks();
  }

  @Test
  void request_thatIsHereFirst_waits_andGoesOnAsItsClient() {
    door.send(Door.post(BODY, TOKEN));
    assertThat(door.visits).isEmpty();
    assertThat(door.written()).isEmpty();
    checked();
    assertThat(door.visits.remove().call().client()).isEqualTo(ANA);
  }

  @Test
  void request_thatIsHereLater_goesOnAtItsEnd() {
    String whole = Door.post(BODY, TOKEN);
    door.send(whole.substring(0, whole.length() - 5));
    checked();
    assertThat(door.visits).isEmpty();
    door.send(whole.substring(whole.length() - 5));
    assertThat(door.visits.remove().call().request().tenant()).isEqualTo(ANA.id());
  }

  @Test
  void request_ofATokenThatIsKnown_doesNotWait() {
    door.send(Door.post(BODY, TOKEN));
    checked();
    door.visits.remove().reply().ok(new byte[0]);
    door.send(Door.post(BODY, TOKEN));
    assertThat(door.visits).hasSize(1);
    assertThat(tasks).isEmpty();
  }

  @Test
  void request_ofABadToken_is401_whicheverIsFirst() {
    result = Denied.UNKNOWN;
    door.send(Door.post(BODY, TOKEN));
    checked();
    assertThat(door.written()).startsWith("HTTP/1.1 401").contains("www-authenticate: Bearer");
    String other = Door.post(BODY, TOKEN.replace("c2ln", "eHh4"));
    door.send(other.substring(0, other.length() - 5));
    checked();
    assertThat(door.written()).isEmpty();
    door.send(other.substring(other.length() - 5));
    assertThat(door.written()).startsWith("HTTP/1.1 401");
    assertThat(door.visits).isEmpty();
    assertThat(door.ingress.requests()).isZero();
  }

  @Test
  void request_whoseClientLeavesMeanwhile_isOver() {
    door.send(Door.post(BODY, TOKEN));
    door.channel.close();
    checked();
    assertThat(door.visits).isEmpty();
    assertThat(door.ingress.requests()).isZero();
  }

  @Test
  void request_aheadOfAnAnswer_isNotMistakenForTheOneThatWaited() {
    door.send(Door.post(BODY, TOKEN) + Door.post(BODY, TOKEN));
    checked();
    assertThat(door.visits).hasSize(1);
    door.visits.remove().reply().ok(new byte[0]);
    assertThat(door.visits).hasSize(1);
  }
}
