package dev.caravan.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.health.HandTicker;
import dev.caravan.limit.Account;
import dev.caravan.limit.Ledger;
import dev.caravan.limit.Reservation;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.tenant.Quota;
import dev.caravan.testing.Ledgers;
import java.net.URI;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How requests end, and what each end costs: 100 tokens of a prompt, 500 allowed. */
class BillTest {
  private static final Outcome DONE = new Outcome.Completed(200);
  private static final Quota QUOTA = new Quota(10, 10_000, 2, 0);

  private final HandTicker ticker = new HandTicker();
  private final Ledger ledger = Ledgers.of(ticker);
  private final Reservation taken =
      Objects.requireNonNull(
          ledger.reserve("acme", true, QUOTA, "llama", Quota.UNLIMITED, 100, 500, true));
  private final Bill bill = new Bill(taken);

  private Lease lease(long events, long prompt, long completion) {
    Lease lease =
        Objects.requireNonNull(
            Lease.open(new Backend(BackendSpec.of("a", URI.create("http://h"))), "llama", ticker));
    lease.usage(prompt, completion, -1);
    lease.events(events);
    return lease;
  }

  private void ends(Outcome how, int attempts, @Nullable Lease last, long tokens, int requests) {
    bill.settle(how, attempts, last, true);
    bill.settle(DONE, attempts, last, true); // what comes later changes nothing
    Account account = ledger.all().get(0);
    assertThat(account.running()).isZero();
    assertThat(10_000 - account.remainingTokens(ticker.nanos())).isEqualTo(tokens);
    assertThat(10 - account.remainingRequests(ticker.nanos())).isEqualTo(requests);
  }

  @Test
  void answered_costsItsUsage() {
    ends(DONE, 1, lease(42, 90, 40), 130, 1);
  }

  @Test
  void answered_withoutUsage_costsWhatWasSeen() {
    ends(DONE, 1, lease(42, -1, -1), 142, 1);
  }

  @Test
  void answeredInOnePiece_withoutUsage_costsWhatWasReserved() {
    bill.settle(DONE, 1, lease(0, -1, -1), false);
    assertThat(ledger.all().get(0).remainingTokens(ticker.nanos())).isEqualTo(9_400);
  }

  @Test
  void resumed_costsTheLastServersUsage_whosePromptHeldTheRest() {
    bill.leaves(lease(30, -1, -1));
    ends(DONE, 2, lease(12, 120, 10), 130, 1);
    assertThat(ledger.estimate("llama").prompt(100)).isEqualTo(100);
  }

  @Test
  void resumed_thenLeft_costsAllThatWasSeen() {
    bill.leaves(lease(30, -1, -1));
    ends(new Outcome.ClientGone(true), 2, lease(12, -1, -1), 142, 1);
  }

  @Test
  void clientGone_beforeAServerHadIt_costsNothing() {
    ends(new Outcome.ClientGone(false), 0, null, 0, 0);
  }

  @Test
  void clientGone_beforeTheFirstToken_costsThePrompt() {
    ends(new Outcome.ClientGone(false), 1, lease(0, -1, -1), 100, 1);
  }

  @Test
  void itsOwnTimeLimit_costsThePrompt() {
    ends(new Outcome.FailedBefore(Cause.CLIENT_LIMIT, "late"), 1, lease(0, -1, -1), 100, 1);
  }

  @Test
  void failedBefore_costsNothing() {
    ends(new Outcome.FailedBefore(Cause.RESET, "gone"), 3, lease(0, -1, -1), 0, 0);
  }

  @Test
  void refused_costsNothing() {
    ends(new Outcome.Refused("nobody"), 0, null, 0, 0);
  }

  @Test
  void cutInAStream_costsWhatWasSeen() {
    ends(new Outcome.FailedAfter(Cause.GATEWAY, "stopping"), 1, lease(7, -1, -1), 107, 1);
  }

  @Test
  void cutInAnAnswerOfOnePiece_costsNothing() {
    ends(new Outcome.FailedAfter(Cause.RESET, "gone"), 1, lease(0, -1, -1), 0, 0);
  }

  @Test
  void clientsFault_costsARequest() {
    ends(new Outcome.Completed(400), 1, lease(0, -1, -1), 0, 1);
  }

  @Test
  void serversFault_costsNothing() {
    ends(new Outcome.Completed(500), 1, lease(0, -1, -1), 0, 0);
  }

  @Test
  void answeredByTheRoutes_costsARequest() {
    ends(DONE, 0, null, 0, 1);
  }

  private Lease answering() {
    Lease lease = lease(0, -1, -1);
    ticker.pass(1);
    lease.firstByte(true);
    return lease;
  }

  private void endsInOnePiece(Outcome how, Lease last, long tokens) {
    bill.settle(how, 1, last, false);
    Account account = ledger.all().get(0);
    assertThat(10_000 - account.remainingTokens(ticker.nanos())).isBetween(tokens - 1, tokens);
    assertThat(account.totals().charged()).isEqualTo(tokens);
  }

  @Test
  void clientGone_whenTheServerHasSaidTheCost_costsThat() {
    ends(new Outcome.ClientGone(true), 1, lease(7, 90, 55), 145, 1);
    // Half an answer says nothing of how long they are.
    assertThat(ledger.estimate("llama").answer()).isEqualTo(256);
  }

  @Test
  void clientGone_fromAnAnswerOfOnePieceThatIsThere_costsWhatWasReserved() {
    endsInOnePiece(new Outcome.ClientGone(true), answering(), 600);
  }

  @Test
  void clientGone_fromAnAnswerOfOnePieceThatHasSaidItsCost_costsThat() {
    Lease last = answering();
    last.usage(90, 40, -1);
    endsInOnePiece(new Outcome.ClientGone(true), last, 130);
  }

  @Test
  void clientGone_beforeAnAnswerOfOnePiece_costsThePrompt() {
    endsInOnePiece(new Outcome.ClientGone(false), lease(0, -1, -1), 100);
  }

  @Test
  void itsOwnTimeLimit_withinAnAnswerOfOnePiece_costsWhatWasReserved() {
    endsInOnePiece(new Outcome.FailedAfter(Cause.CLIENT_LIMIT, "late"), answering(), 600);
  }

  @Test
  void usageThatCannotBe_isNotBelieved() {
    ends(DONE, 1, lease(1, Long.MAX_VALUE, Long.MAX_VALUE), 10_000, 1);
    assertThat(ledger.all().get(0).totals().charged()).isEqualTo(2_000_000_000);
  }
}
