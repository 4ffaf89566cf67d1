package dev.rankspark.files;

import dev.rankspark.InputException;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Where an output goes. Of a symbolic link the target is meant, which need not exist: the link
 * stays. A pipe or a device is written to as it is.
 *
 * @param text as it was given, for messages
 * @param path what is written, behind all links
 */
public record OutputTarget(String text, FileSystem system, Path path, Kind kind) {
  /** What the user named. */
  public enum Kind {
    /** A file or directory, or nothing yet. */
    PLAIN,
    LINK,
    /** A pipe or a device. */
    STREAM
  }

  /**
   * Looks what is there.
   *
   * @throws InputException if the text is no path, or its file system cannot be reached
   */
  public static OutputTarget of(String text, Configuration hadoop) {
    UserPath given = UserPath.of(text, hadoop);
    Optional<LocalFile> local = LocalFile.of(given.system(), given.path());
    if (local.isEmpty()) {
      return new OutputTarget(text, given.system(), given.path(), Kind.PLAIN);
    }
    if (local.get().isStream()) {
      return new OutputTarget(text, given.system(), given.path(), Kind.STREAM);
    }
    try {
      // Links above the file are followed by the file system; only the last would be replaced.
      return local.get().isLink()
          ? new OutputTarget(
              text, given.system(), path(local.get().target(), given.system()), Kind.LINK)
          : new OutputTarget(text, given.system(), given.path(), Kind.PLAIN);
    } catch (IOException e) {
      throw FileFailures.unwritable(text, e);
    }
  }

  private static Path path(LocalFile file, FileSystem system) {
    return system.makeQualified(new Path(null, null, file.path().toString()));
  }

  boolean isStream() {
    return kind == Kind.STREAM;
  }

  /** The file on this machine; only of a {@link Kind#STREAM}. */
  LocalFile stream() {
    return LocalFile.of(system, path).orElseThrow();
  }
}
