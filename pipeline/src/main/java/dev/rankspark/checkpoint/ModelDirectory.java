package dev.rankspark.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A folder of a model's files, on any Hadoop path. */
public final class ModelDirectory {
  private static final JsonMapper JSON = new JsonMapper();

  /** Larger JSON files are no part of a model. */
  private static final int JSON_LIMIT = 256 << 20;

  private final String path;
  private final FileSystem system;
  private final Path folder;

  private ModelDirectory(String path, FileSystem system, Path folder) {
    this.path = path;
    this.system = system;
    this.folder = folder;
  }

  /**
   * Opens a folder.
   *
   * @param path as the user wrote it; messages name it so
   * @param option the option that names it, for messages
   * @throws InputException if there is none
   */
  public static ModelDirectory open(String path, String option, Configuration hadoop) {
    return find(path, hadoop)
        .orElseThrow(
            () -> InputException.of("%s does not exist; %s takes a directory", path, option));
  }

  /** Empty if there is no such folder. */
  static Optional<ModelDirectory> find(String path, Configuration hadoop) {
    try {
      Path folder = new Path(path);
      FileSystem system = folder.getFileSystem(hadoop);
      return system.exists(folder) && system.getFileStatus(folder).isDirectory()
          ? Optional.of(new ModelDirectory(path, system, system.makeQualified(folder)))
          : Optional.empty();
    } catch (IOException | IllegalArgumentException e) {
      throw new InputException(path + " cannot be read: " + e.getMessage(), e);
    }
  }

  public String path() {
    return path;
  }

  Path folder() {
    return folder;
  }

  public boolean has(String name) {
    try {
      return system.exists(new Path(folder, name));
    } catch (IOException e) {
      throw new InputException(path + "/" + name + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * A JSON file.
   *
   * @throws InputException if it is missing or broken
   */
  public JsonNode json(String name) {
    StoredFile file = file(name);
    if (file.length() > JSON_LIMIT) {
      throw InputException.of(
          "%s has %,d bytes; expected a JSON file below %,d",
          file.name(), file.length(), JSON_LIMIT);
    }
    ByteBuffer buffer = file.read(0, (int) file.length());
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    try {
      JsonNode node = JSON.readTree(new String(bytes, StandardCharsets.UTF_8));
      if (node == null || !node.isObject()) {
        throw InputException.of("%s: expected a JSON object", file.name());
      }
      return node;
    } catch (JsonProcessingException e) {
      throw new InputException(file.name() + ": broken JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** A file of the folder. */
  StoredFile file(String name) {
    String shown = path + "/" + name;
    if (name.contains("/")
        || name.contains("..")) { // an index names its shards: they lie beside it
      throw InputException.of("%s: expected a file of this folder", shown);
    }
    try {
      Path file = new Path(folder, name);
      if (!system.exists(file)) {
        throw InputException.of("%s is missing", shown);
      }
      FileStatus status = system.getFileStatus(file);
      if (status.isDirectory()) {
        throw InputException.of("%s is a directory; expected a file", shown);
      }
      return new StoredFile(shown, system, file, status.getLen());
    } catch (IOException e) {
      throw new InputException(shown + " cannot be read: " + e.getMessage(), e);
    }
  }
}
