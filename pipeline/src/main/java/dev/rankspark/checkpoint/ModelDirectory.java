package dev.rankspark.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A directory with a model, an adapter or a tokenizer, on any Hadoop file system. */
public final class ModelDirectory {
  // The files read whole are configurations and tokenizers; the largest tokenizers have 20 MB.
  private static final int LARGEST_READ = 256 << 20;

  // As Python's json: NaN and Infinity are numbers, of a key that is there twice the last counts.
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String path;
  private final Path directory;
  private final FileSystem fileSystem;
  private final Configuration hadoop;

  private ModelDirectory(String path, Path directory, FileSystem fileSystem, Configuration hadoop) {
    this.path = path;
    this.directory = directory;
    this.fileSystem = fileSystem;
    this.hadoop = hadoop;
  }

  /**
   * Opens a directory; nothing in it is read yet.
   *
   * @param path a Hadoop path; without a scheme it is of the default file system
   * @throws InputException if it does not exist or is not a directory
   */
  public static ModelDirectory open(String path, Configuration hadoop) {
    return open(path, "--model-name-or-path", hadoop);
  }

  /**
   * Opens the directory that an option names.
   *
   * @param option the option, for messages
   */
  public static ModelDirectory open(String path, String option, Configuration hadoop) {
    String takes = "; " + option + " takes a directory with a model's files";
    UserPath given;
    try {
      given = UserPath.of(path, hadoop);
    } catch (InputException e) {
      throw new InputException(e.getMessage() + takes, e);
    }
    try {
      Path directory = given.path();
      FileSystem fileSystem = given.system();
      if (!fileSystem.getFileStatus(directory).isDirectory()) {
        throw InputException.of(
            "%s is a file: %s takes a directory with a model's files", Shown.text(path), option);
      }
      return new ModelDirectory(path, directory, fileSystem, hadoop);
    } catch (FileNotFoundException e) {
      throw new InputException(
          Shown.text(path)
              + " does not exist: "
              + option
              + " takes a directory with a model's files",
          e);
    } catch (IOException | IllegalArgumentException e) {
      throw new InputException(
          Shown.text(path) + " cannot be opened: " + Shown.reason(e) + takes, e);
    }
  }

  /** The path as it was given. */
  public String path() {
    return path;
  }

  /** Where it is, without the links of this machine. */
  public String realPath() {
    return UserPath.of(path, hadoop).real().toUri().getPath();
  }

  Path directory() {
    return fileSystem.makeQualified(directory);
  }

  Configuration hadoop() {
    return hadoop;
  }

  /** The path of a file in here as messages name it; the file need not exist. */
  String pathOf(String name) {
    return path.endsWith("/") ? path + name : path + "/" + name;
  }

  /**
   * A file in here as it is now; it need not exist.
   *
   * @param part of the checkpoint that this directory is, with a slash
   */
  FileState state(String part, String name) {
    return FileState.of(part + name, Shown.path(UserPath.child(directory(), name)), hadoop);
  }

  /** Whether there is a file of that name. */
  public boolean has(String name) {
    try {
      return fileSystem.getFileStatus(UserPath.child(directory, name)).isFile();
    } catch (FileNotFoundException e) {
      return false;
    } catch (IOException e) {
      throw new InputException(pathOf(name) + " cannot be read: " + Shown.reason(e), e);
    }
  }

  /**
   * A file in here, not yet read.
   *
   * @throws InputException if it does not exist or is a directory
   */
  CheckpointFile file(String name) {
    Path file = UserPath.child(directory, name);
    try {
      FileStatus status = fileSystem.getFileStatus(file);
      if (!status.isFile()) {
        throw InputException.of("%s is a directory, expected a file", pathOf(name));
      }
      return new CheckpointFile(fileSystem, file, pathOf(name), status.getLen());
    } catch (FileNotFoundException e) {
      throw new InputException(pathOf(name) + " does not exist", e);
    } catch (IOException e) {
      throw new InputException(pathOf(name) + " cannot be read: " + Shown.reason(e), e);
    }
  }

  /**
   * A small file, whole.
   *
   * @throws InputException if it does not exist or has more than 256 MiB
   */
  public byte[] read(String name) {
    CheckpointFile file = file(name);
    if (file.length() > LARGEST_READ) {
      throw InputException.of(
          "%s: expected at most %d bytes, got %d", file.path(), LARGEST_READ, file.length());
    }
    try (CheckpointFile.Reader reader = file.open()) {
      return reader.read(0, (int) file.length());
    }
  }

  /**
   * A JSON file.
   *
   * @throws InputException if it does not exist or is not JSON in UTF-8, naming file and line
   */
  public JsonNode json(String name) {
    byte[] bytes = read(name);
    try {
      JsonNode json = JSON.readTree(Utf8Text.decode(bytes));
      if (json.isMissingNode()) {
        throw InputException.of("%s is empty, expected JSON", pathOf(name));
      }
      return json;
    } catch (CharacterCodingException e) {
      throw new InputException(pathOf(name) + " is not UTF-8, expected JSON in UTF-8", e);
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
      throw new InputException(
          pathOf(name) + ":" + line + ": not JSON: " + Shown.text(e.getOriginalMessage()), e);
    }
  }

  /** A JSON file whose top level is an object. */
  public JsonNode jsonObject(String name) {
    JsonNode json = json(name);
    if (!json.isObject()) {
      throw InputException.of(
          "%s: expected a JSON object, got %s", pathOf(name), Shown.text(json.toString()));
    }
    return json;
  }

  @Override
  public String toString() {
    return path;
  }
}
