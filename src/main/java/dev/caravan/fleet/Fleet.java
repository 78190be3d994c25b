package dev.caravan.fleet;

import java.util.Collection;
import java.util.Collections;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** All model servers that the routes name, by name. Safe for any thread. */
public final class Fleet {
  private final ConcurrentHashMap<String, Backend> backends = new ConcurrentHashMap<>();
  private final Consumer<Backend> newcomer;
  private final Consumer<Backend> leaver;

  /**
   * A fleet with nobody in it.
   *
   * @param newcomer called once for every server when it is first named, to attach meters and the
   *     like
   */
  public Fleet(Consumer<Backend> newcomer) {
    this(newcomer, backend -> {});
  }

  /**
   * A fleet with nobody in it.
   *
   * @param leaver called once for every server that is removed, to take away what the newcomer got
   */
  public Fleet(Consumer<Backend> newcomer, Consumer<Backend> leaver) {
    this.newcomer = newcomer;
    this.leaver = leaver;
  }

  /**
   * The server of that name, made if it is new, changed to what the specification says if it is
   * not.
   */
  public Backend register(BackendSpec spec) {
    Backend known = backends.get(spec.name());
    if (known == null) {
      known =
          backends.computeIfAbsent(
              spec.name(),
              n -> {
                Backend made = new Backend(spec);
                newcomer.accept(made);
                return made;
              });
    }
    known.respecify(spec);
    return known;
  }

  /**
   * Forgets a server that holds no request and gets none any more. Registered again, its name is
   * that of a server of which nothing is known.
   *
   * @return whether it was there
   */
  public boolean remove(Backend backend) {
    boolean was = backends.remove(backend.name(), backend);
    if (was) {
      leaver.accept(backend);
    }
    return was;
  }

  /** The server of that name, or null. */
  public @Nullable Backend find(String name) {
    return backends.get(name);
  }

  /** Everyone, in no order; a live view. */
  public Collection<Backend> all() {
    return Collections.unmodifiableCollection(backends.values());
  }
}
