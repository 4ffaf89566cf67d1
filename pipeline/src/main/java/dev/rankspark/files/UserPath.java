package dev.rankspark.files;

import dev.rankspark.InputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A file or directory as a person names it: a plain path of the default file system, whatever
 * characters it has, or an address with a scheme ({@code hdfs://...}). {@code ~/} is the home
 * directory.
 *
 * @param text as it was given
 * @param system its file system; the local one without its checksum files, which would give errors
 *     where another program changed a file, and know no colons
 * @param path its full address
 */
public record UserPath(String text, FileSystem system, Path path) {
  private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):(/?)(.*)");

  /**
   * Finds the file system of a path.
   *
   * @throws InputException if the text is no path, or its file system cannot be reached
   */
  public static UserPath of(String text, Configuration hadoop) {
    try {
      FileSystem system = FileSystems.of(text, parse(text), hadoop);
      Path path = text.startsWith("~") ? home(text, system) : parse(text);
      return new UserPath(text, system, system.makeQualified(path));
    } catch (IOException e) {
      throw FileSystems.unreachable(text, e);
    }
  }

  /**
   * The Hadoop path of a text. Hadoop's own constructor takes what stands before a colon, as in
   * {@code run-12:30.txt}, for a scheme.
   *
   * @throws InputException if it is empty, or a scheme without a slash
   */
  static Path parse(String text) {
    Matcher address = SCHEME.matcher(text);
    boolean hasScheme = address.matches() && !address.group(2).isEmpty();
    if (!hasScheme && address.matches() && FileSystems.isScheme(address.group(1))) {
      throw InputException.of(
          "%s is no path: expected %s://..., or ./%s for a file of that name",
          text, address.group(1), text);
    }
    try {
      if (text.indexOf('\0') >= 0) {
        throw new IllegalArgumentException("it has a NUL character");
      }
      return hasScheme || text.isEmpty() ? new Path(text) : new Path(null, null, text);
    } catch (IllegalArgumentException e) { // an empty path, an address that Hadoop cannot parse
      throw new InputException(
          "\"" + text.replace("\0", "\\0") + "\" is no path: " + e.getMessage(), e);
    }
  }

  /** A file in a folder, whose name may have a colon. */
  public static Path child(Path folder, String name) {
    return new Path(folder, new Path(null, null, name));
  }

  private static Path home(String text, FileSystem system) {
    if (!text.equals("~") && !text.startsWith("~/")) {
      throw InputException.of(
          "%s: ~ stands for the home directory as ~/... only; ./%s is a file of that name",
          text, text);
    }
    String home = System.getenv("HOME");
    Path folder =
        "file".equals(system.getUri().getScheme()) && home != null && home.startsWith("/")
            ? new Path(null, null, home)
            : system.getHomeDirectory();
    String rest = text.substring(1).replaceFirst("^/+", "");
    return rest.isEmpty() ? folder : child(folder, rest);
  }

  /** Whether it is a pipe or a device, which can be read but once. */
  public boolean isStream() {
    return LocalFile.of(system, path).filter(LocalFile::isStream).isPresent();
  }

  /** The address without the links of this machine, to tell whether two are one directory. */
  public Path real() {
    Optional<LocalFile> local =
        LocalFile.of(system, path).filter(file -> Files.exists(file.path()));
    try {
      return local.isPresent()
          ? system.makeQualified(new Path(null, null, local.get().path().toRealPath().toString()))
          : path;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Whether there is something of that name. */
  public boolean exists() {
    try {
      return system.exists(path);
    } catch (IOException | FSError e) {
      throw unreadable(e);
    }
  }

  /**
   * What is there.
   *
   * @throws InputException if there is nothing
   */
  public FileStatus status() {
    try {
      return system.getFileStatus(path);
    } catch (FileNotFoundException e) {
      throw new InputException(text + " does not exist", e);
    } catch (IOException | FSError e) {
      throw unreadable(e);
    }
  }

  /** For messages. */
  public InputException unreadable(Throwable failure) {
    return new InputException(text + " cannot be read: " + FileSystems.reason(failure), failure);
  }
}
