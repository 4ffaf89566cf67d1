package dev.rankspark.files;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** A file of this machine, for what Hadoop's file systems do not tell: links, pipes and devices. */
public record LocalFile(Path path) {
  /** As many as Linux follows. */
  private static final int MOST_LINKS = 40;

  private static final Pattern DESCRIPTOR =
      Pattern.compile("(?:/dev|/proc/([^/]+)(?:/task/[^/]+)?)/fd/(\\d+)");

  /** The file, if its file system is the local one. */
  public static Optional<LocalFile> of(FileSystem system, org.apache.hadoop.fs.Path path) {
    return system instanceof RawLocalFileSystem local && local.getUri().getScheme().equals("file")
        ? Optional.of(new LocalFile(local.pathToFile(path).toPath()))
        : Optional.empty();
  }

  /**
   * Whether it is a pipe, a socket, a terminal or another device; or what this process has open,
   * such as {@code /dev/stdout} and {@code /dev/fd/3}, which stays what it is even where it is a
   * file.
   */
  public boolean isStream() {
    return Files.exists(path)
        && !Files.isDirectory(path)
        && (!Files.isRegularFile(path) || descriptor().isPresent());
  }

  /** Whether it is a symbolic link to a file or directory, which may be missing. */
  public boolean isLink() {
    return Files.isSymbolicLink(path) && !isStream();
  }

  /** Where the links end: a path that is no link, and need not exist. */
  public LocalFile target() throws IOException {
    Path at = path;
    for (int links = 0; Files.isSymbolicLink(at); links++) {
      if (links == MOST_LINKS) {
        throw new IOException("too many levels of symbolic links");
      }
      at = folder(at).resolve(Files.readSymbolicLink(at));
    }
    return new LocalFile(at.getFileName() == null ? at : folder(at).resolve(at.getFileName()));
  }

  /** The folder of a path without the links in it, which change what {@code ..} means. */
  private static Path folder(Path path) throws IOException {
    Path folder = path.toAbsolutePath().getParent();
    return Files.exists(folder) ? folder.toRealPath() : folder.normalize();
  }

  /**
   * Opens a stream to write to its end. Standard output and error are those of Java: opened again
   * by their names, a file behind them would be written from its beginning.
   */
  OutputStream append() throws IOException {
    Matcher descriptor = DESCRIPTOR.matcher(descriptor().orElse(""));
    if (descriptor.matches() && isOwn(descriptor.group(1))) {
      if (descriptor.group(2).equals("1")) {
        System.out.flush();
        return new FileOutputStream(FileDescriptor.out);
      }
      if (descriptor.group(2).equals("2")) {
        System.err.flush();
        return new FileOutputStream(FileDescriptor.err);
      }
    }
    return Files.newOutputStream(path, StandardOpenOption.APPEND);
  }

  private static boolean isOwn(String process) {
    return process == null
        || process.equals("self")
        || process.equals(String.valueOf(ProcessHandle.current().pid()));
  }

  /** The step on the way of links that is an open file of a process. */
  private Optional<String> descriptor() {
    Path at = path.toAbsolutePath();
    for (int links = 0; links <= MOST_LINKS; links++) {
      if (DESCRIPTOR.matcher(at.toString()).matches()) {
        return Optional.of(at.toString());
      }
      if (!Files.isSymbolicLink(at)) {
        return Optional.empty();
      }
      try {
        at = at.resolveSibling(Files.readSymbolicLink(at)).normalize();
      } catch (IOException e) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }
}
