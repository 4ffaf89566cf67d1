package dev.rankspark.run;

import dev.rankspark.InputException;
import java.io.BufferedWriter;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
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

  private final String path;
  private final FileSystem system;
  private final Path target;
  private final Path aside;
  private final IfExists ifExists;
  private final OutputStream stream;
  private boolean finished;
  private boolean committed;

  private OutputFile(String path, FileSystem system, Path target, IfExists ifExists)
      throws IOException {
    this.path = path;
    this.system = system;
    this.target = target;
    this.ifExists = ifExists;
    this.aside = aside(target.getParent(), target.getName());
    Unfinished.add(system, aside);
    this.stream = new NamedFailures(system.create(aside));
  }

  /**
   * Opens a file aside; the target's missing folders are made.
   *
   * @throws InputException if it cannot be written; so do the methods and streams of the file
   */
  public static OutputFile create(String path, IfExists ifExists, Configuration hadoop) {
    check(path, ifExists, hadoop);
    try {
      FileSystem system = system(path, hadoop);
      return new OutputFile(path, system, system.makeQualified(new Path(path)), ifExists);
    } catch (IOException | FSError e) {
      throw unwritable(path, e);
    }
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
            throw InputException.of(
                "%s cannot be written: %s is a file", path, ShownPath.of(folder));
          }
          tryToWrite(system, folder);
          break;
        }
      }
    } catch (IOException | FSError e) {
      throw unwritable(path, e);
    } catch (IllegalArgumentException e) { // an empty path, a scheme that Hadoop cannot parse
      throw new InputException("\"" + path + "\" is no path: " + e.getMessage(), e);
    }
  }

  /** The only sure way to know, whatever the file system's idea of permissions. */
  static void tryToWrite(FileSystem system, Path folder) throws IOException {
    Path file = aside(folder, "probe");
    system.create(file).close();
    system.delete(file, false /* not a directory */);
  }

  static Path aside(Path folder, String name) {
    return new Path(folder, "." + name + "." + UUID.randomUUID());
  }

  /** The path as the user gave it. */
  public String path() {
    return path;
  }

  /** An output that the file system refuses, by the name that the user gave it. */
  public static InputException unwritable(String path, Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause(); // Hadoop wraps a full disk into an error of its own
    }
    return new InputException(path + " cannot be written: " + root.getMessage(), failure);
  }

  /** The local file system without its checksum files. */
  static FileSystem system(String path, Configuration hadoop) throws IOException {
    FileSystem system = new Path(path).getFileSystem(hadoop);
    return system instanceof LocalFileSystem local ? local.getRawFileSystem() : system;
  }

  public OutputStream stream() {
    return stream;
  }

  /**
   * A UTF-8 writer over {@link #stream}; flush it before {@link #commit}. Half a surrogate pair is
   * an error, not a question mark.
   */
  public Writer writer() {
    return new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8.newEncoder()));
  }

  /** Writes everything out, so that a full disk shows here; what is left is to rename. */
  public void finish() {
    if (!finished) {
      finished = true;
      try {
        stream.close();
      } catch (IOException e) {
        throw unwritable(path, e);
      }
    }
  }

  /** Publishes the file. */
  public void commit() {
    finish();
    Unfinished.check();
    try {
      if (system instanceof RawLocalFileSystem) {
        // Of another writer, for the file that is replaced: Hadoop would believe it.
        system.delete(new Path(target.getParent(), "." + target.getName() + ".crc"), false);
      }
      if (ifExists == IfExists.OVERWRITE) {
        replace();
      } else if (!system.rename(aside, target)) {
        throw InputException.of(
            "%s cannot be written: it appeared while the command ran; add --overwrite to replace"
                + " it",
            path);
      }
    } catch (IOException e) {
      throw unwritable(path, e);
    }
    committed = true;
    Unfinished.remove(system, aside);
  }

  /** In one step where the file system can, so that a reader finds the old file or the new one. */
  private void replace() throws IOException {
    try {
      FileContext.getFileContext(target.toUri(), system.getConf())
          .rename(aside, target, Options.Rename.OVERWRITE);
    } catch (UnsupportedFileSystemException e) {
      system.delete(target, false /* not a directory */);
      if (!system.rename(aside, target)) {
        throw new IOException(aside + " cannot be renamed", e);
      }
    }
  }

  /** Leaves nothing unless the file was committed; a failure of its own hides no other. */
  @Override
  public void close() {
    if (committed) {
      return;
    }
    try {
      finish();
    } catch (InputException e) {
      // what could not be written is thrown away
    }
    try {
      system.delete(aside, false /* not a directory */);
      Unfinished.remove(system, aside);
    } catch (IOException e) {
      throw unwritable(path, e);
    }
  }

  /** A full disk and the like by the output's name; Hadoop's local files throw an error for it. */
  private final class NamedFailures extends FilterOutputStream {
    NamedFailures(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      Unfinished.check();
      try {
        out.write(bytes, offset, length);
      } catch (IOException | FSError e) {
        throw unwritable(path, e);
      }
    }

    @Override
    public void flush() {
      try {
        out.flush();
      } catch (IOException | FSError e) {
        throw unwritable(path, e);
      }
    }

    @Override
    public void close() {
      try {
        out.close();
      } catch (IOException | FSError e) {
        throw unwritable(path, e);
      }
    }
  }
}
