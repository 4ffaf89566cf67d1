package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.time.Instant;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;

/**
 * A file of a checkpoint, by what tells cheaply that it has changed.
 *
 * @param role its part in the checkpoint and its name: {@code base/config.json}
 * @param path its address, absolute
 * @param length in bytes; -1 if it does not exist
 * @param modified when, in milliseconds since 1970, as the file system says
 */
public record FileState(String role, String path, long length, long modified)
    implements Serializable {

  /**
   * Looks at a file.
   *
   * @throws InputException if it cannot be looked at; a file that is not there is of length -1
   */
  public static FileState of(String role, String path, Configuration hadoop) {
    try {
      UserPath given = UserPath.of(path, hadoop);
      FileStatus status = given.system().getFileStatus(given.path());
      return new FileState(role, path, status.getLen(), status.getModificationTime());
    } catch (FileNotFoundException e) {
      return new FileState(role, path, -1, 0);
    } catch (IOException e) {
      throw new InputException(Shown.text(path) + " cannot be read: " + Shown.reason(e), e);
    }
  }

  /** For people. */
  public String state() {
    return length < 0 ? "missing" : length + " bytes of " + Instant.ofEpochMilli(modified);
  }
}
