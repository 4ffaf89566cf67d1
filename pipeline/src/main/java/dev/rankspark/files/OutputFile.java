package dev.rankspark.files;

import dev.rankspark.InputException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
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

  /** Characters of a name that its hidden form keeps, so that it is not too long. */
  private static final int KEPT = 25;

  private final OutputTarget target;
  private final FileSystem system;
  private final Path aside;
  private final IfExists ifExists;
  private final OutputStream stream;
  private boolean finished;
  private boolean committed;

  private OutputFile(OutputTarget target, IfExists ifExists) throws IOException {
    this.target = target;
    this.system = target.system();
    this.ifExists = ifExists;
    this.aside =
        target.isStream()
            ? aside(temporary(system), "output")
            : aside(target.path().getParent(), target.path().getName());
    Unfinished.add(system, aside);
    this.stream = new NamedStream(target.text(), system.create(aside));
  }

  /**
   * Opens a file aside; the target's missing folders are made. What goes to a pipe or a device
   * waits in the machine's temporary folder.
   *
   * @throws InputException if it cannot be written; so do the methods and streams of the file
   */
  public static OutputFile create(String path, IfExists ifExists, Configuration hadoop) {
    check(path, ifExists, hadoop);
    try {
      OutputTarget target = OutputTarget.of(path, hadoop);
      return new OutputFile(target, replaces(target) ? IfExists.OVERWRITE : ifExists);
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(path, e);
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
      OutputTarget target = OutputTarget.of(path, hadoop);
      if (target.isStream()) {
        if (!Files.isWritable(target.stream().path())) {
          throw InputException.of("%s cannot be written: permission denied", path);
        }
        return;
      }
      check(target, ifExists);
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(path, e);
    } catch (IllegalArgumentException e) { // a name that the file system does not take
      throw new InputException("\"" + path + "\" is no path: " + e.getMessage(), e);
    }
  }

  private static void check(OutputTarget target, IfExists ifExists) throws IOException {
    FileSystem system = target.system();
    String path = target.text();
    if (system.exists(target.path())) {
      if (system.getFileStatus(target.path()).isDirectory()) {
        throw InputException.of("%s is a directory; expected a file to write", path);
      }
      if (ifExists == IfExists.FAIL && !replaces(target)) {
        throw InputException.of("%s exists; add --overwrite to replace it", path);
      }
    }
    Path folder = target.path().getParent();
    while (folder != null && !system.exists(folder)) {
      folder = folder.getParent();
    }
    if (folder != null) {
      if (!system.getFileStatus(folder).isDirectory()) {
        throw InputException.of("%s cannot be written: %s is a file", path, Shown.path(folder));
      }
      tryToWrite(system, folder);
    }
  }

  /** Whoever names a link names its target as what is to be replaced, as with a device. */
  private static boolean replaces(OutputTarget target) {
    return target.kind() == OutputTarget.Kind.LINK;
  }

  /** A folder on this machine for what is not finished. */
  private static Path temporary(FileSystem local) {
    return local.makeQualified(new Path(null, null, System.getProperty("java.io.tmpdir")));
  }

  /**
   * A folder for what the parts of an output hold until it is whole, hidden and not there yet:
   * beside the output, where it is likely that all machines see it.
   */
  public static UserPath workFolder(String output, Configuration hadoop) throws IOException {
    OutputTarget target = OutputTarget.of(output, hadoop);
    if (!target.isStream()) {
      Path folder = aside(target.path().getParent(), target.path().getName());
      return new UserPath(output, target.system(), folder);
    }
    UserPath here = UserPath.of(Path.CUR_DIR, hadoop);
    try {
      tryToWrite(here.system(), here.path());
      return new UserPath(output, here.system(), aside(here.path(), "output"));
    } catch (IOException | FSError e) {
      FileSystem local = target.system();
      return new UserPath(output, local, aside(temporary(local), "output"));
    }
  }

  /** The only sure way to know, whatever the file system's idea of permissions. */
  static void tryToWrite(FileSystem system, Path folder) throws IOException {
    Path file = aside(folder, "probe");
    system.create(file).close();
    system.delete(file, false /* not a directory */);
  }

  /** A hidden name that nobody else has. */
  static Path aside(Path folder, String name) {
    String kept =
        name.codePoints()
            .limit(KEPT)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
    return UserPath.child(
        folder == null ? new Path(Path.CUR_DIR) : folder, "." + kept + "." + UUID.randomUUID());
  }

  /** The path as the user gave it. */
  public String path() {
    return target.text();
  }

  /** The file system of an address; the local one without its checksum files. */
  public static FileSystem system(Path address, Configuration hadoop) throws IOException {
    return FileSystems.of(Shown.path(address), address, hadoop);
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
        throw FileFailures.unwritable(path(), e);
      }
    }
  }

  /** Publishes the file. */
  public void commit() {
    finish();
    Unfinished.check();
    try {
      if (target.isStream()) {
        copy();
      } else {
        publish();
      }
    } catch (IOException e) {
      throw FileFailures.unwritable(path(), e);
    }
    committed = true;
    Unfinished.remove(system, aside);
  }

  private void copy() throws IOException {
    try (InputStream in = system.open(aside);
        OutputStream out = target.stream().append()) {
      in.transferTo(out);
    }
    system.delete(aside, false /* not a directory */);
  }

  private void publish() throws IOException {
    Path path = target.path();
    Optional<LocalFile> local = LocalFile.of(system, path);
    if (local.isPresent()) {
      // Of another writer, for the file that is replaced: Hadoop would believe it.
      system.delete(UserPath.child(path.getParent(), "." + path.getName() + ".crc"), false);
      java.nio.file.Path from = LocalFile.of(system, aside).orElseThrow().path();
      if (ifExists == IfExists.OVERWRITE) {
        Files.move(from, local.get().path(), StandardCopyOption.ATOMIC_MOVE);
      } else {
        try {
          Files.move(from, local.get().path());
        } catch (FileAlreadyExistsException e) {
          throw appeared();
        }
      }
    } else if (ifExists == IfExists.OVERWRITE) {
      replace();
    } else if (!system.rename(aside, path)) {
      throw appeared();
    }
  }

  private InputException appeared() {
    return InputException.of(
        "%s cannot be written: it appeared while the command ran; add --overwrite to replace it",
        path());
  }

  /** In one step where the file system can, so that a reader finds the old file or the new one. */
  private void replace() throws IOException {
    Path path = target.path();
    try {
      FileContext.getFileContext(path.toUri(), system.getConf())
          .rename(aside, path, Options.Rename.OVERWRITE);
    } catch (UnsupportedFileSystemException e) {
      system.delete(path, false /* not a directory */);
      if (!system.rename(aside, path)) {
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
      throw FileFailures.unwritable(path(), e);
    }
  }
}
