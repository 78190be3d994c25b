package dev.caravan.tls;

import java.security.GeneralSecurityException;
import org.jspecify.annotations.Nullable;

/** Where entries are configured. Safe for any thread; may read files. */
public interface TlsSource {

  /**
   * What an entry holds; null where there is none of that name.
   *
   * @param again whether its files are to be read again
   * @throws GeneralSecurityException where it cannot be used; the message says why, for operators,
   *     and names the files as far as they are known
   */
  @Nullable TlsMaterial read(String name, boolean again) throws GeneralSecurityException;
}
