package dev.caravan.limit.redis;

import java.io.IOException;

/** The sharing of limits, with the tests' own server. */
class RedisSharingTest extends SharingContract {
  @Override
  int server() throws IOException {
    return closing(new RespServer()).port();
  }
}
