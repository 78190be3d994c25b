package dev.caravan.limit.redis;

/** What Redis does at one exchange about one account, in one step. */
final class Script {
  /*
   * KEYS[1]  the account: a hash
   * ARGV     1 and 2  what was used of the buckets of requests and tokens, in microseconds of flow
   *          3 and 4  a month, and what was used of its budget
   *          5        which gateway says so
   *          6        the number of its exchange, larger each time: one that is said again, or
   *                   comes late, does not count again
   *          7        how many requests it runs
   *          8        how long that holds, in microseconds
   *
   * The buckets are the instants at which they are full again, on the clock of Redis: see
   * TokenBucket. "g:" and a gateway is the number of its last exchange, what it runs, and until when
   * that holds: one that has died is out of the sum then.
   */
  static final String TEXT =
      """
      local time = redis.call('TIME')
      local now = time[1] * 1000000 + time[2]
      local own = 'g:' .. ARGV[5]
      local last = redis.call('HGET', KEYS[1], own)
      local again = last and tonumber(string.match(last, '^(%d+)')) >= tonumber(ARGV[6])

      local function bucket(field, used)
        local full = tonumber(redis.call('HGET', KEYS[1], field) or '0')
        if not again then
          if used > 0 and full < now then full = now end
          full = full + used
          redis.call('HSET', KEYS[1], field, string.format('%.0f', full))
        end
        return string.format('%.0f', math.max(0, full - now))
      end

      local requests = bucket('rq', tonumber(ARGV[1]))
      local tokens = bucket('tk', tonumber(ARGV[2]))

      local month = redis.call('HGET', KEYS[1], 'mn') or ''
      local sum = tonumber(redis.call('HGET', KEYS[1], 'mu') or '0')
      if not again and ARGV[3] >= month then
        if ARGV[3] > month then sum = 0 end
        month = ARGV[3]
        sum = sum + tonumber(ARGV[4])
        redis.call('HSET', KEYS[1], 'mn', month, 'mu', string.format('%.0f', sum))
      end

      if again then ARGV[6] = string.match(last, '^(%d+)') end
      redis.call('HSET', KEYS[1], own,
        ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. string.format('%.0f', now + tonumber(ARGV[8])))
      local elsewhere = 0
      local all = redis.call('HGETALL', KEYS[1])
      for i = 1, #all, 2 do
        if all[i] ~= own and string.sub(all[i], 1, 2) == 'g:' then
          local runs, till = string.match(all[i + 1], '^%d+ (%d+) (%d+)$')
          if tonumber(till) < now then
            redis.call('HDEL', KEYS[1], all[i])
          else
            elsewhere = elsewhere + tonumber(runs)
          end
        end
      end
      redis.call('EXPIRE', KEYS[1], 3456000)
      return {requests, tokens, month, string.format('%.0f', sum), tostring(elsewhere)}
      """;

  private Script() {}
}
