package dev.rankspark.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * Short texts that are remembered between runs, a file each, known by a key. What cannot be read or
 * written is not remembered: it is found out again.
 */
public final class UserCache {
  private static final String KEY = "key";
  private static final String VALUE = "value";
  private static final JsonMapper JSON = new JsonMapper();

  private final Path folder;

  private UserCache(Path folder) {
    this.folder = folder;
  }

  /** In a folder, which is made when it is needed. */
  public static UserCache in(Path folder) {
    return new UserCache(folder);
  }

  /**
   * In the user's own folder: of {@code XDG_CACHE_HOME}, or of {@code .cache} at home.
   *
   * @param kind of what is remembered, a name for its folder
   */
  public static UserCache ofUser(String kind) {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path root =
        cache == null || cache.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(cache);
    return in(root.resolve("rankspark").resolve(kind));
  }

  /** What was written under a key. */
  public Optional<String> read(String key) {
    try {
      JsonNode json = JSON.readTree(Files.readString(file(key)));
      return key.equals(json.path(KEY).textValue())
          ? Optional.ofNullable(json.path(VALUE).textValue())
          : Optional.empty();
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  /** Writes under a key, over what was there; a reader meanwhile gets either. */
  public void write(String key, String value) {
    try {
      Files.createDirectories(folder);
      Path aside = Files.createTempFile(folder, ".new", "");
      Files.writeString(
          aside, JSON.createObjectNode().put(KEY, key).put(VALUE, value).toPrettyString());
      Files.move(
          aside, file(key), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | UncheckedIOException e) {
      // a home that cannot be written
    }
  }

  private Path file(String key) {
    return folder.resolve(Sha256.hex(key) + ".json");
  }
}
