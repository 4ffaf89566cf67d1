package dev.rankspark.hub;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of a repository at one commit, in the cache.
 *
 * @param name of the repository
 * @param commit in hexadecimal
 * @param folder on this machine
 */
public record HubSnapshot(String name, String commit, Path folder) {
  private static final Pattern FOLDER =
      Pattern.compile("(.*/(?:models|datasets)--([^/]+)/snapshots/([0-9a-f]{40}))/?");

  /** The snapshot that a folder is, by its place in the cache. */
  public static Optional<HubSnapshot> of(String folder) {
    Matcher matcher = FOLDER.matcher(folder);
    return matcher.matches()
        ? Optional.of(
            new HubSnapshot(
                matcher.group(2).replace("--", "/"), matcher.group(3), Path.of(matcher.group(1))))
        : Optional.empty();
  }

  /** {@code name@commit}, which is what it is, whatever the cache. */
  @Override
  public String toString() {
    return name + "@" + commit;
  }
}
