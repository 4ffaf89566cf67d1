package dev.rankspark.store;

import dev.rankspark.InputException;
import dev.rankspark.files.FileFailures;
import dev.rankspark.files.UserPath;
import java.io.FileNotFoundException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;

/**
 * A folder of a store, and all that is done to its files: they appear whole under names that nobody
 * else has, and are never changed. File systems that lose an answer, list late or break off a read
 * are asked again: what is there with its full length was published, whatever the answer was.
 */
final class StoreFolder {
  /** How often a file system is asked before its failure is believed. */
  private static final int TIMES = 4;

  private static final long FIRST_PAUSE_MILLIS = 50;

  private final FileSystem system;
  private final Path path;

  StoreFolder(FileSystem system, Path path) {
    this.system = system;
    this.path = path;
  }

  static StoreFolder of(String path, Configuration hadoop) {
    UserPath found = UserPath.of(path, hadoop);
    return new StoreFolder(found.system(), found.path());
  }

  StoreFolder child(String name) {
    return new StoreFolder(system, new Path(path, name));
  }

  Path path() {
    return path;
  }

  Path file(String name) {
    return new Path(path, name);
  }

  /** A hidden name in this folder that nobody else has, for what is not finished. */
  Path aside(String name) {
    return new Path(path, "." + name + "." + UUID.randomUUID());
  }

  OutputStream create(Path file) throws IOException {
    return new Stream(system.create(file, /* overwrite= */ false));
  }

  /** The local file system says by an error what others say by an exception. */
  private static final class Stream extends FilterOutputStream {
    Stream(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      asked(
          () -> {
            out.write(b);
            return null;
          });
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      asked(
          () -> {
            out.write(bytes, from, count);
            return null;
          });
    }

    @Override
    public void close() throws IOException {
      asked(
          () -> {
            out.close();
            return null;
          });
    }
  }

  boolean has(String name) throws IOException {
    return retried(() -> system.exists(file(name)));
  }

  boolean isFile() throws IOException {
    try {
      return retried(() -> system.getFileStatus(path)).isFile();
    } catch (FileNotFoundException e) {
      return false;
    }
  }

  /** Files that are published, in the order of their names; none if the folder is not there. */
  List<FileStatus> files() throws IOException {
    return retried(() -> list(/* hidden= */ false));
  }

  /** What was never published: of writers that run, or that were killed. */
  List<FileStatus> unfinished() throws IOException {
    return retried(() -> list(/* hidden= */ true));
  }

  private List<FileStatus> list(boolean hidden) throws IOException {
    List<FileStatus> found = new ArrayList<>();
    try {
      for (FileStatus file : system.listStatus(path)) {
        if (file.getPath().getName().startsWith(".") == hidden) {
          found.add(file);
        }
      }
    } catch (FileNotFoundException e) {
      return List.of();
    }
    found.sort(null);
    return found;
  }

  /** Writes a small file of a new name; of one that others write too, all write the same. */
  void write(String name, byte[] content) throws IOException {
    publish(retried(() -> written(name, content)), name, content.length);
  }

  private Path written(String name, byte[] content) throws IOException {
    Path aside = aside(name);
    try {
      try (OutputStream out = create(aside)) {
        out.write(content);
      }
      return aside;
    } catch (IOException | RuntimeException e) {
      discard(aside);
      throw e;
    }
  }

  /** Gives a finished file its name, or leaves nothing of it. */
  void publish(Path aside, String name, long length) throws IOException {
    try {
      rename(aside, file(name), length);
    } catch (IOException | RuntimeException e) {
      discard(aside);
      throw e;
    }
  }

  /**
   * A rename whose answer was lost has happened or has not, and another run may have written the
   * same: the file's length under its new name tells.
   */
  private void rename(Path from, Path to, long length) throws IOException {
    retried(
        () -> {
          IOException failure = null;
          try {
            if (system.rename(from, to)) {
              return null;
            }
          } catch (IOException e) {
            failure = e;
          }
          if (length(to) == length) {
            discard(from); // where a rename copies, or where the other's file stays
            return null;
          }
          throw new IOException(
              failure == null ? from + " cannot be renamed" : reason(failure), failure);
        });
  }

  /** A file's length, -1 if it is not there. */
  long length(String name) throws IOException {
    return retried(() -> length(file(name)));
  }

  private long length(Path file) throws IOException {
    try {
      return system.getFileStatus(file).getLen();
    } catch (FileNotFoundException e) {
      return -1;
    }
  }

  /** A small file's content, read to its end. */
  byte[] read(String name) throws IOException {
    return retried(
        () -> {
          long length = system.getFileStatus(file(name)).getLen();
          try (InputStream in = system.open(file(name))) {
            byte[] content = in.readAllBytes();
            if (content.length != length) {
              throw new IOException(
                  String.format(
                      Locale.ROOT, "%s: read %d of %d bytes", file(name), content.length, length));
            }
            return content;
          }
        });
  }

  InputStream open(String name) throws IOException {
    return retried(() -> system.open(file(name)));
  }

  void delete(String name) throws IOException {
    retried(() -> system.delete(file(name), false /* not a directory */));
  }

  /** Of a file that is thrown away anyway: what cannot be deleted stays, hidden, until pruned. */
  void discard(Path aside) {
    try {
      system.delete(aside, false /* not a directory */);
    } catch (IOException e) {
      // a failure is on its way that tells more
    }
  }

  /** Moves a file out of sight; one that is gone is out of sight. */
  void setAside(String name) throws IOException {
    long length = length(name);
    if (length >= 0) {
      StoreFolder folder = child("aside");
      retried(() -> system.mkdirs(folder.path));
      rename(file(name), folder.file(name), length);
    }
  }

  /** Something that is asked of a file system. */
  @FunctionalInterface
  interface Attempt<T> {
    T run() throws IOException;
  }

  private static <T> T asked(Attempt<T> attempt) throws IOException {
    try {
      return attempt.run();
    } catch (FSError e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e);
    }
  }

  /** What is not there, or not allowed, is not asked for again. */
  static <T> T retried(Attempt<T> attempt) throws IOException {
    for (int i = 1; ; i++) {
      try {
        return asked(attempt);
      } catch (FileNotFoundException | AccessControlException | AccessDeniedException e) {
        throw e;
      } catch (IOException e) {
        if (i == TIMES) {
          throw e;
        }
        try {
          Thread.sleep(FIRST_PAUSE_MILLIS << i);
        } catch (InterruptedException interruption) {
          Thread.currentThread().interrupt();
          throw e;
        }
      }
    }
  }

  /** A folder's path for messages. */
  @Override
  public String toString() {
    return dev.rankspark.files.Shown.path(path);
  }

  /** A failure of the file system, for a person. */
  InputException failed(String what, IOException e) {
    return new InputException(
        "--score-store: " + this + " cannot be " + what + ": " + FileFailures.reason(e), e);
  }

  /** Likewise, where something was to be written. */
  InputException unwritable(IOException e) {
    return new InputException(
        failed("written", e).getMessage()
            + "; let this user write there, and see that there is room: what was committed stays,"
            + " the same command goes on from there",
        e);
  }

  static String reason(IOException e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }
}
