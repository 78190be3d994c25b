package dev.caravan.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.health.HandTicker;
import dev.caravan.limit.Ledger;
import dev.caravan.tenant.Quota;
import dev.caravan.testing.Ledgers;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RateHeadersTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0ms",
    "1, 1ms",
    "17000000, 17ms",
    "999000001, 1s",
    "1200000000, 1.200s",
    "59999000000, 59.999s",
    "60000000000, 1m0s",
    "360000000001, 6m1s"
  })
  void duration_isAsOpenAiWritesIt_andNeverTooShort(long nanos, String text) {
    byte[] out = new byte[32];
    int end = RateHeaders.duration(out, 1, nanos);
    assertThat(new String(out, 1, end - 1, StandardCharsets.US_ASCII)).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 9, 10, 99, 100, 1_000_000, 9_999_999_999L, Long.MAX_VALUE})
  void numbers_haveAllTheirDigits(long number) {
    ByteBuf out = Unpooled.buffer(1);
    Decimal.write(out, number);
    assertThat(out.toString(StandardCharsets.US_ASCII)).isEqualTo(Long.toString(number));
  }

  @Test
  void tenantsLimits_areTold_andThePoolsWhereItHasNone() {
    HandTicker ticker = new HandTicker();
    Ledger ledger = Ledgers.of(ticker);
    ByteBuf out = Unpooled.buffer();
    RateHeaders.write(
        out,
        Objects.requireNonNull(
            ledger.reserve(
                "acme",
                true,
                new Quota(60, 0, 0, 0),
                "llama",
                new Quota(5, 6_000, 0, 0),
                100,
                500,
                true)));
    assertThat(out.toString(StandardCharsets.US_ASCII))
        .isEqualTo(
            """
            x-ratelimit-limit-requests: 60
            x-ratelimit-remaining-requests: 59
            x-ratelimit-reset-requests: 1s
            x-ratelimit-limit-tokens: 6000
            x-ratelimit-remaining-tokens: 5400
            x-ratelimit-reset-tokens: 6s
            """
                .replace("\n", "\r\n"));
  }
}
