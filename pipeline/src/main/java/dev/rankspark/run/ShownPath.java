package dev.rankspark.run;

import org.apache.hadoop.fs.Path;

/** Paths as people write them, for messages. */
public final class ShownPath {
  private ShownPath() {}

  /** A local path without its scheme, others as they are. */
  public static String of(Path path) {
    String scheme = path.toUri().getScheme();
    return scheme == null || scheme.equals("file") ? path.toUri().getPath() : path.toString();
  }
}
