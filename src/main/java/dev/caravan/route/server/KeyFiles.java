package dev.caravan.route.server;

import dev.caravan.fleet.Secret;
import dev.caravan.route.parameter.ApiKey;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * The files that hold the keys of model servers, read again and again: what they hold counts from
 * the next request on. For one thread, which may wait for a disk.
 */
public final class KeyFiles {
  private static final Logger LOG = Logger.getLogger(KeyFiles.class);

  private final Servers servers;
  private final ServerSaid specified;

  /** What was wrong with each file at the last look. */
  private final Map<String, String> seen = new HashMap<>();

  /** What of that was logged. */
  private final Map<String, String> complaints = new HashMap<>();

  /**
   * Those of some servers.
   *
   * @param specified told of a server that has a new key: one that has refused the former may take
   *     it
   */
  public KeyFiles(Servers servers, ServerSaid specified) {
    this.servers = servers;
    this.specified = specified;
  }

  /**
   * Looks at every file. One that cannot be read or holds no key changes nothing: the log says so
   * once, when it is still so at the next look, since somebody may just be writing it.
   */
  public void look() {
    Collection<Servers.Server> all = servers.everyone();
    Map<String, String> read = new HashMap<>();
    Set<Secret> replaced = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Secret each : secrets(all)) {
      String file = each.file();
      if (file == null) {
        continue;
      }
      String now = read.computeIfAbsent(file, this::in);
      if (!now.isEmpty() && !now.equals(each.reveal())) {
        each.replace(now);
        replaced.add(each);
      }
    }
    seen.keySet().retainAll(read.keySet());
    complaints.keySet().retainAll(read.keySet());
    if (!replaced.isEmpty()) {
      for (Servers.Server each : all) {
        Secret key = each.parameters().spec().apiKey();
        if (key != null && replaced.contains(key)) {
          LOG.infof("%s is asked with the new key of %s", each.backend(), key.file());
          if (!servers.leaving().contains(each.backend().name())) {
            specified.server(each.backend().name(), each.parameters().drain());
          }
        }
      }
    }
  }

  /** The keys that servers have; several may have the same one. */
  private static List<Secret> secrets(Collection<Servers.Server> all) {
    Set<Secret> keys = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Servers.Server each : all) {
      Secret key = each.parameters().spec().apiKey();
      if (key != null) {
        keys.add(key);
      }
    }
    return List.copyOf(keys);
  }

  /** The key in a file; empty where there is none. */
  private String in(String file) {
    String mistake = "";
    String key = "";
    try {
      key = ApiKey.in(Path.of(file));
    } catch (IOException e) {
      mistake = e.getMessage() + "; the key is as it was";
    }
    if (!mistake.isEmpty()
        && mistake.equals(seen.get(file))
        && !mistake.equals(complaints.get(file))) {
      LOG.error(mistake);
      complaints.put(file, mistake);
    } else if (mistake.isEmpty()) {
      complaints.remove(file);
    }
    seen.put(file, mistake);
    return key;
  }
}
