package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The base model that an adapter names. The name is looked for as it is given, then in each
 * directory above the adapter; a candidate counts if it has a {@code config.json}. A name with a
 * scheme is followed only on the adapter's own file system: a file does not choose whom we talk to.
 */
public final class AdapterBase {
  /** The option that names a base in another place. */
  public static final String OPTION = "--base-model-name-or-path";

  /**
   * A base that an adapter names and that is nowhere near it.
   *
   * @param name as the adapter has it
   * @param revision of the repository of that name, if the adapter says which
   * @param whereNamed for messages
   */
  public record Named(String name, Optional<String> revision, String whereNamed) {}

  private AdapterBase() {}

  /**
   * Finds it.
   *
   * @throws InputException if the adapter names none, or one that is not there
   */
  static ModelDirectory find(ModelDirectory adapter) {
    String config = adapter.pathOf(LoraConfig.FILE);
    String name =
        LoraConfig.baseModel(adapter.jsonObject(LoraConfig.FILE))
            .orElseThrow(
                () ->
                    InputException.of(
                        "%s names no base model: name its directory with %s", config, OPTION));
    return found(adapter, name)
        .orElseThrow(
            () ->
                InputException.of(
                    "%s names the base model \"%s\", and there is no such directory with a %s,"
                        + " neither as it is nor in a directory above the adapter: download it and"
                        + " name it with %s",
                    config, Shown.text(name), RerankerCheckpoint.CONFIG, OPTION));
  }

  /** The base that a directory names which is an adapter, if {@link #find} would not find it. */
  public static Optional<Named> notHere(ModelDirectory model) {
    if (!model.has(LoraConfig.FILE)) {
      return Optional.empty();
    }
    JsonNode config = model.jsonObject(LoraConfig.FILE);
    return LoraConfig.baseModel(config)
        .filter(name -> found(model, name).isEmpty())
        .map(
            name ->
                new Named(
                    name,
                    Optional.ofNullable(config.path("revision").textValue())
                        .filter(text -> !text.isBlank()),
                    model.pathOf(LoraConfig.FILE)));
  }

  private static Optional<ModelDirectory> found(ModelDirectory adapter, String name) {
    return baseCandidates(adapter, name).stream()
        .filter(candidate -> isModel(candidate, adapter.hadoop()))
        .findFirst()
        .map(candidate -> ModelDirectory.open(candidate, OPTION, adapter.hadoop()));
  }

  private static List<String> baseCandidates(ModelDirectory adapter, String name) {
    Path directory = adapter.directory();
    List<String> candidates = new ArrayList<>();
    try {
      Path path = new Path(name);
      String scheme = path.toUri().getScheme();
      if (scheme == null || isSameFileSystem(path, directory)) {
        candidates.add(name);
      }
      if (scheme == null && !path.isAbsolute()) {
        for (Path above = directory.getParent(); above != null; above = above.getParent()) {
          candidates.add(Shown.path(new Path(above, path)));
        }
      }
    } catch (IllegalArgumentException e) {
      return List.of(); // no path at all: the message about the name says so
    }
    return candidates;
  }

  private static boolean isSameFileSystem(Path path, Path other) {
    return path.toUri().getScheme().equals(other.toUri().getScheme())
        && (path.toUri().getAuthority() == null
            || path.toUri().getAuthority().equals(other.toUri().getAuthority()));
  }

  private static boolean isModel(String candidate, Configuration hadoop) {
    try {
      UserPath directory = UserPath.of(candidate, hadoop);
      return directory.system().exists(UserPath.child(directory.path(), RerankerCheckpoint.CONFIG));
    } catch (InputException e) {
      if (e.getCause() instanceof IllegalArgumentException) {
        return false; // text that is no path on this file system
      }
      throw e;
    } catch (IOException e) {
      throw new InputException(Shown.text(candidate) + " cannot be read: " + Shown.reason(e), e);
    }
  }
}
