package dev.caravan.discovery;

import dev.caravan.discovery.DnsAnswer.Failed;
import dev.caravan.discovery.DnsAnswer.Records;
import dev.caravan.time.Chance;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks for one name again and again, whenever its answer is too old. Belongs to one event loop.
 *
 * <p>Of each name that is asked for (that of an SRV record has several targets) and each kind of
 * address, what was known last stays where nobody could say, so that a name server that does not
 * answer for one of them takes nobody out. Nobody at all is believed after some such answers in a
 * row: name servers say so when they are started, before they know anything.
 */
final class DnsWatch {
  /** The part of an answer's time that is cut off at random, so that many gateways spread. */
  private static final double JITTER = 0.1;

  private final Place place;
  private final Finder.Listener listener;
  private final DnsQuestions questions;
  private final EventLoop loop;
  private final DnsSettings settings;
  private final Chance chance;

  /** The addresses of a name, by kind and name, as they were told last. */
  private Map<String, List<String>> known = new LinkedHashMap<>();

  private List<DnsQuestions.Target> targets = List.of();
  private List<Found> told = List.of();
  private int empty;
  private boolean stopped;
  private @Nullable ScheduledFuture<?> next;

  DnsWatch(
      Place place,
      Finder.Listener listener,
      DnsQuestions questions,
      EventLoop loop,
      DnsSettings settings,
      Chance chance) {
    this.place = place;
    this.listener = listener;
    this.questions = questions;
    this.loop = loop;
    this.settings = settings;
    this.chance = chance;
  }

  void ask() {
    if (stopped) {
      return;
    }
    Round round = new Round();
    if (place instanceof Place.Srv srv) {
      questions.targets(srv.name(), answer -> aimed(answer, round));
    } else if (place instanceof Place.Dns dns) {
      round.addresses(List.of(dns.host()));
    }
  }

  void stop() {
    stopped = true;
    ScheduledFuture<?> waiting = next;
    if (waiting != null) {
      waiting.cancel(false);
    }
  }

  /** Of SRV records, those of the best priority count, without their weights. */
  private void aimed(DnsAnswer<DnsQuestions.Target> answer, Round round) {
    if (answer instanceof Records<DnsQuestions.Target> records) {
      int best = records.values().stream().mapToInt(DnsQuestions.Target::priority).min().orElse(0);
      targets = records.values().stream().filter(each -> each.priority() == best).toList();
      round.lives(records.ttlSeconds());
    } else if (answer instanceof Failed<DnsQuestions.Target> failed) {
      round.failed(failed.why());
    } else {
      targets = List.of();
    }
    Set<String> hosts = new LinkedHashSet<>();
    targets.forEach(target -> hosts.add(target.host()));
    round.addresses(List.copyOf(hosts));
  }

  /** One look at the place. */
  private final class Round {
    private final Map<String, List<String>> fresh = new LinkedHashMap<>();
    private long ttlSeconds = Long.MAX_VALUE;
    private int open;
    private @Nullable String failure;
    private boolean anySaid;

    void lives(long seconds) {
      ttlSeconds = Math.min(ttlSeconds, seconds);
      anySaid = true;
    }

    void failed(String why) {
      failure = why;
    }

    void addresses(List<String> hosts) {
      open = 2 * hosts.size();
      if (open == 0) {
        end();
      }
      for (String host : hosts) {
        for (DnsRecordType kind : List.of(DnsRecordType.A, DnsRecordType.AAAA)) {
          questions.addresses(host, kind, answer -> said(kind.name() + " " + host, answer));
        }
      }
    }

    private void said(String what, DnsAnswer<String> answer) {
      if (answer instanceof Records<String> records) {
        fresh.put(what, records.values());
        lives(records.ttlSeconds());
      } else if (answer instanceof Failed<String> failed) {
        failed(failed.why());
        fresh.put(what, known.getOrDefault(what, List.of()));
      } else {
        fresh.put(what, List.of());
        anySaid = true;
      }
      if (--open == 0) {
        end();
      }
    }

    private void end() {
      if (stopped) {
        return;
      }
      known = fresh;
      List<Found> now = servers(fresh);
      String why = failure;
      if (why != null && (now.isEmpty() || !anySaid)) {
        // Nobody could say, or nobody is left of what was known: no reason to believe anything new.
        listener.failed(why);
      } else if (now.isEmpty() && !told.isEmpty() && ++empty < settings.emptyAnswers()) {
        listener.failed("it has no addresses now, after " + told.size());
      } else {
        if (!now.isEmpty()) {
          empty = 0;
        }
        told = now;
        listener.found(now);
      }
      again(why != null || now.isEmpty());
    }

    private void again(boolean soon) {
      long least = settings.minTtlMillis();
      long millis =
          soon || ttlSeconds == Long.MAX_VALUE
              ? least
              : Math.max(least, Math.min(settings.maxTtlMillis(), ttlSeconds * 1000));
      next =
          loop.schedule(
              DnsWatch.this::ask,
              (long) (millis * (1 - JITTER * chance.unit())),
              TimeUnit.MILLISECONDS);
    }
  }

  private List<Found> servers(Map<String, List<String>> addresses) {
    Map<String, Found> servers = new LinkedHashMap<>();
    if (place instanceof Place.Dns dns) {
      for (String address : all(addresses, dns.host())) {
        servers.putIfAbsent(address, new Found(address, address, dns.port(), null));
      }
    }
    for (DnsQuestions.Target target : targets) {
      for (String address : all(addresses, target.host())) {
        String key = address + "-" + target.port();
        servers.putIfAbsent(key, new Found(key, address, target.port(), null));
      }
    }
    List<Found> sorted = new ArrayList<>(servers.values());
    // Name servers turn the order round at every answer.
    sorted.sort((a, b) -> a.key().compareTo(b.key()));
    return List.copyOf(sorted);
  }

  private static List<String> all(Map<String, List<String>> addresses, String host) {
    List<String> both = new ArrayList<>(addresses.getOrDefault("A " + host, List.of()));
    both.addAll(addresses.getOrDefault("AAAA " + host, List.of()));
    return both;
  }
}
