package dev.rankspark.run;

import dev.rankspark.InputException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;

/**
 * A file that appears whole or not at all: written under a hidden name beside the target, renamed
 * by {@link #commit}. Closed without it, nothing stays.
 */
public final class OutputFile implements AutoCloseable {
  /** What to do with a target that is there already. */
  public enum IfExists {
    FAIL,
    /** Replace it when the new file is complete. */
    OVERWRITE
  }

  private final FileSystem system;
  private final Path target;
  private final Path aside;
  private final IfExists ifExists;
  private final OutputStream stream;
  private boolean closed;

  private OutputFile(FileSystem system, Path target, IfExists ifExists) throws IOException {
    this.system = system;
    this.target = target;
    this.ifExists = ifExists;
    this.aside = new Path(target.getParent(), "." + target.getName() + "." + UUID.randomUUID());
    this.stream = system.create(aside);
  }

  /** Opens a file aside; the target's missing folders are made. */
  public static OutputFile create(String path, IfExists ifExists, Configuration hadoop)
      throws IOException {
    check(path, ifExists, hadoop);
    FileSystem system = system(path, hadoop);
    return new OutputFile(system, system.makeQualified(new Path(path)), ifExists);
  }

  /**
   * Refuses a target that could not be written at the end, for commands to call before any work.
   *
   * @throws InputException if it exists and may not be replaced, is a directory, or lies below a
   *     file
   */
  public static void check(String path, IfExists ifExists, Configuration hadoop) {
    try {
      FileSystem system = system(path, hadoop);
      Path target = system.makeQualified(new Path(path));
      if (system.exists(target)) {
        FileStatus status = system.getFileStatus(target);
        if (status.isDirectory()) {
          throw InputException.of("%s is a directory; expected a file to write", path);
        }
        if (ifExists == IfExists.FAIL) {
          throw InputException.of("%s exists; add --overwrite to replace it", path);
        }
      }
      for (Path folder = target.getParent(); folder != null; folder = folder.getParent()) {
        if (system.exists(folder)) {
          if (!system.getFileStatus(folder).isDirectory()) {
            throw InputException.of("%s cannot be written: %s is a file", path, folder);
          }
          break;
        }
      }
    } catch (IOException e) {
      throw new InputException(path + " cannot be written: " + e.getMessage(), e);
    }
  }

  /** The local file system without its checksum files. */
  private static FileSystem system(String path, Configuration hadoop) throws IOException {
    FileSystem system = new Path(path).getFileSystem(hadoop);
    return system instanceof LocalFileSystem local ? local.getRawFileSystem() : system;
  }

  public OutputStream stream() {
    return stream;
  }

  /** A UTF-8 writer over {@link #stream}; flush it before {@link #commit}. */
  public Writer writer() {
    return new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8));
  }

  /** Publishes the file. */
  public void commit() throws IOException {
    stream.close();
    closed = true;
    if (ifExists == IfExists.OVERWRITE) {
      replace();
    } else if (!system.rename(aside, target)) {
      system.delete(aside, false);
      throw InputException.of(
          "%s cannot be written: it appeared while the command ran; add --overwrite to replace it",
          target);
    }
  }

  /** In one step where the file system can, so that a reader finds the old file or the new one. */
  private void replace() throws IOException {
    try {
      FileContext.getFileContext(target.toUri(), system.getConf())
          .rename(aside, target, Options.Rename.OVERWRITE);
    } catch (UnsupportedFileSystemException e) {
      system.delete(target, false /* not a directory */);
      system.rename(aside, target);
    }
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      stream.close();
      system.delete(aside, false);
    }
  }
}
