package dev.rankspark.files;

import dev.rankspark.InputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * A directory of files that appears whole or not at all: written under a hidden name beside the
 * target ({@code .NAME.} and a random part), renamed by {@link #commit}. Closed without it, nothing
 * stays.
 */
public final class OutputDirectory implements AutoCloseable {
  private final String path;
  private final FileSystem system;
  private final Path target;
  private final Path aside;
  private final Map<String, FileSum> written = new LinkedHashMap<>();
  private boolean committed;

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private OutputDirectory(String path, FileSystem system, Path target) {
    this.path = path;
    this.system = system;
    this.target = target;
    this.aside = OutputFile.aside(target.getParent(), target.getName());
  }

  /**
   * Makes the directory aside, and the folders above the target where they are missing.
   *
   * @throws InputException if it cannot be written; so do the methods of the directory
   */
  public static OutputDirectory create(String path, Configuration hadoop) {
    try {
      OutputTarget given = existing(path, hadoop);
      FileSystem system = given.system();
      Path target = given.path();
      if (target.getParent() == null) {
        throw InputException.of("%s is the root of a file system; name a directory in it", path);
      }
      OutputDirectory directory = new OutputDirectory(path, system, target);
      Unfinished.add(system, directory.aside);
      if (!system.mkdirs(directory.aside)) {
        throw InputException.of("%s cannot be written: no folder can be made beside it", path);
      }
      return directory;
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(path, e);
    } catch (IllegalArgumentException e) { // a name that the file system does not take
      throw new InputException("\"" + path + "\" is no path: " + e.getMessage(), e);
    }
  }

  private static OutputTarget existing(String path, Configuration hadoop) throws IOException {
    OutputTarget target = OutputTarget.of(path, hadoop);
    if (target.isStream()) {
      throw InputException.of("%s is a pipe or a device; expected a directory", path);
    }
    if (target.system().exists(target.path())
        && !target.system().getFileStatus(target.path()).isDirectory()) {
      throw InputException.of("%s is a file; expected a directory", path);
    }
    return target;
  }

  /** The names of what a directory holds, in order; none if there is no directory. */
  public static List<String> list(String path, Configuration hadoop) {
    try {
      OutputTarget given = existing(path, hadoop);
      FileSystem system = given.system();
      Path target = given.path();
      return system.exists(target)
          ? Arrays.stream(system.listStatus(target))
              .map(FileStatus::getPath)
              .map(Path::getName)
              .sorted()
              .toList()
          : List.of();
    } catch (IOException | FSError e) {
      throw new InputException(path + " cannot be read: " + FileSystems.reason(e), e);
    }
  }

  /** The path as the user gave it. */
  public String path() {
    return path;
  }

  /** Writes one file. */
  public void write(String name, Content content) {
    String shown = path.endsWith("/") ? path + name : path + "/" + name;
    try {
      NamedStream out = new NamedStream(shown, system.create(UserPath.child(aside, name)));
      try (out) {
        content.writeTo(out);
      }
      written.put(name, out.sum());
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(shown, e);
    }
  }

  /** Writes a small file. */
  public void write(String name, String text) {
    write(name, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** What was written, by name, in the order of writing. */
  public Map<String, FileSum> written() {
    return Collections.unmodifiableMap(written);
  }

  /**
   * Publishes the directory under its name.
   *
   * @throws InputException if there is a directory of that name that is not empty
   */
  public void commit() {
    Unfinished.check();
    try {
      if (system.exists(target)) {
        if (system.listStatus(target).length > 0) {
          throw InputException.of("%s cannot be written: it is not empty", path);
        }
        system.delete(target, false /* only an empty one */);
      }
      rename(aside, target);
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(path, e);
    }
    committed = true;
    Unfinished.remove(system, aside);
  }

  /**
   * Publishes the files in a directory that is there already, beside what it holds. The file that
   * was written last is the one that readers look for: it is taken away first and appears last, so
   * that whoever finds it finds the others.
   *
   * @param replaced names of existing files that the new ones make obsolete; those of the new files
   *     are replaced in any case
   */
  public void commitInto(Predicate<String> replaced) {
    Unfinished.check();
    List<String> names = new ArrayList<>(written.keySet());
    Collections.reverse(names);
    try {
      if (!names.isEmpty()) {
        remove(names.get(0));
      }
      for (FileStatus file : system.listStatus(target)) {
        if (file.isFile() && replaced.test(file.getPath().getName())) {
          remove(file.getPath().getName());
        }
      }
      Collections.reverse(names);
      for (String name : names) {
        remove(name);
        rename(UserPath.child(aside, name), UserPath.child(target, name));
      }
      system.delete(aside, true /* recursively */);
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(path, e);
    }
    committed = true;
    Unfinished.remove(system, aside);
  }

  private void remove(String name) throws IOException {
    system.delete(UserPath.child(target, name), false /* no directory with content */);
    if (system instanceof RawLocalFileSystem) {
      // Of another writer, for the file that is replaced: Hadoop would believe it.
      system.delete(UserPath.child(target, "." + name + ".crc"), false);
    }
  }

  private void rename(Path from, Path to) throws IOException {
    if (!system.rename(from, to)) {
      throw new IOException(from + " cannot be renamed to " + to.getName());
    }
  }

  /** Leaves nothing unless the directory was committed. */
  @Override
  public void close() {
    if (committed) {
      return;
    }
    try {
      system.delete(aside, true /* recursively */);
      Unfinished.remove(system, aside);
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(path, e);
    }
  }
}
