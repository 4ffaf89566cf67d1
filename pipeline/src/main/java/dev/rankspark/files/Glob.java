package dev.rankspark.files;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.GlobExpander;
import org.apache.hadoop.fs.GlobPattern;
import org.apache.hadoop.fs.Path;

/**
 * Hadoop's glob patterns over any file names; Hadoop's own walk fails where a file beside those
 * that match has a colon in its name. As in Spark, a wildcard at the start of a pattern's part
 * stands for no name that begins with {@code .} or {@code _}.
 */
public final class Glob {
  private final FileSystem system;

  private Glob(FileSystem system) {
    this.system = system;
  }

  /** What a pattern stands for, by name. */
  static List<FileStatus> match(UserPath pattern) throws IOException {
    Glob glob = new Glob(pattern.system());
    Path root = pattern.path();
    while (root.getParent() != null) {
      root = root.getParent();
    }
    List<FileStatus> found = new ArrayList<>();
    for (String alternative : GlobExpander.expand(pattern.path().toUri().getPath())) {
      List<String> parts =
          Arrays.stream(alternative.split("/")).filter(part -> !part.isEmpty()).toList();
      glob.walk(root, parts, found);
    }
    return found.stream().distinct().sorted().toList();
  }

  private void walk(Path folder, List<String> parts, List<FileStatus> found) throws IOException {
    if (parts.isEmpty()) {
      found.add(system.getFileStatus(folder));
      return;
    }
    String part = parts.get(0);
    List<String> rest = parts.subList(1, parts.size());
    GlobPattern pattern;
    try {
      pattern = new GlobPattern(part);
    } catch (RuntimeException e) { // an open bracket: a name of nothing
      return;
    }
    if (!pattern.hasWildcard()) {
      Path child = UserPath.child(folder, part.replaceAll("\\\\(.)", "$1"));
      if (system.exists(child)) {
        walk(child, rest, found);
      }
      return;
    }
    FileStatus[] children;
    try {
      children = system.listStatus(folder);
    } catch (FileNotFoundException e) {
      return;
    }
    for (FileStatus child : children) {
      String name = child.getPath().getName();
      boolean isMeant = isVisible(name) || part.charAt(0) == name.charAt(0);
      if (isMeant && pattern.matches(name) && (rest.isEmpty() || child.isDirectory())) {
        walk(UserPath.child(folder, name), rest, found);
      }
    }
  }

  public static boolean isVisible(String name) {
    return !name.startsWith(".") && !name.startsWith("_");
  }
}
