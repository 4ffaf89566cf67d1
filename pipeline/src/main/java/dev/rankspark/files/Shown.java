package dev.rankspark.files;

import java.util.Collection;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;

/** Paths and text out of files, made fit for a message of one line. */
public final class Shown {
  private static final int LONGEST = 160;
  private static final int FIRST = 3;

  private Shown() {}

  /** A path as people write it: a local one without its scheme, others as they are. */
  public static String path(Path path) {
    String scheme = path.toUri().getScheme();
    return scheme == null || scheme.equals("file") ? path.toUri().getPath() : path.toString();
  }

  /** The text on one line, cut where it is too long to be read. */
  public static String text(String text) {
    String start = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
    return start
        .codePoints()
        .mapToObj(
            c -> Character.isISOControl(c) ? String.format("\\u%04x", c) : Character.toString(c))
        .collect(Collectors.joining());
  }

  /** The first names and how many there are beside them: {@code a, b, c and 14 more}. */
  public static String first(Collection<String> names) {
    String first = names.stream().limit(FIRST).map(Shown::text).collect(Collectors.joining(", "));
    return names.size() <= FIRST ? first : first + " and " + (names.size() - FIRST) + " more";
  }

  /** The reason of an exception, on one line. */
  public static String reason(Exception e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : text(e.getMessage());
  }
}
