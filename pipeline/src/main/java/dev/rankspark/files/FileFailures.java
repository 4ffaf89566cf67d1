package dev.rankspark.files;

import dev.rankspark.InputException;
import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;

/** Failures of files and file systems that Spark or Hadoop met on their own, for a person. */
public final class FileFailures {
  private static final List<Class<? extends Throwable>> OF_FILES =
      List.of(
          FileNotFoundException.class,
          NoSuchFileException.class,
          AccessDeniedException.class,
          AccessControlException.class,
          FileAlreadyExistsException.class,
          UnsupportedFileSystemException.class,
          FSError.class);

  /** Of a file system where an address stands beside it; else it may be of Spark's own talk. */
  private static final List<Class<? extends Throwable>> OF_HOSTS =
      List.of(
          UnknownHostException.class,
          ConnectException.class,
          NoRouteToHostException.class,
          SocketTimeoutException.class);

  /**
   * An address in the words of Spark or Hadoop: up to a blank, a quote, or the end of a sentence.
   */
  private static final Pattern ADDRESS =
      Pattern.compile("\\b[a-z][a-z0-9+.-]*:/[^\\s'\"]*[^\\s'\",.;:)\\]]");

  private FileFailures() {}

  /** What a failure says about a file, if it is about one. */
  public static Optional<InputException> of(Throwable failure) {
    boolean isOfFile = false;
    boolean isOfHost = false;
    Optional<String> address = Optional.empty();
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      isOfFile |= isOne(OF_FILES, cause);
      isOfHost |= isOne(OF_HOSTS, cause);
      if (address.isEmpty() && cause.getMessage() != null) {
        address = address(cause.getMessage());
      }
    }
    if (!isOfFile && !(isOfHost && address.isPresent())) {
      return Optional.empty();
    }
    String reason = FileSystems.reason(failure);
    return Optional.of(
        new InputException(
            address.filter(file -> !reason.contains(file)).map(file -> file + ": ").orElse("")
                + reason,
            failure));
  }

  /** An output that the file system refuses, by the name that the user gave it. */
  public static InputException unwritable(String path, Throwable failure) {
    return new InputException(path + " cannot be written: " + FileSystems.reason(failure), failure);
  }

  /** What went wrong, in the words of the cause that tells it best. */
  public static String reason(Throwable failure) {
    return FileSystems.reason(failure);
  }

  private static boolean isOne(List<Class<? extends Throwable>> types, Throwable failure) {
    return types.stream().anyMatch(type -> type.isInstance(failure));
  }

  private static Optional<String> address(String message) {
    // Later lines are a stack trace's, with addresses of ours.
    Matcher address = ADDRESS.matcher(message.lines().findFirst().orElse(""));
    if (!address.find() || address.group().startsWith("spark:")) {
      return Optional.empty();
    }
    try {
      return Optional.of(Shown.path(new Path(address.group())));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
