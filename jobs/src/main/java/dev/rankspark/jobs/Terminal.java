package dev.rankspark.jobs;

import dev.rankspark.cluster.Signals;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The terminal that standard error is, if it is one. Java's console, and libraries over it, ask
 * about standard input and output, which may be files while a person looks at standard error.
 */
final class Terminal {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,6}) (\\d{1,6})");

  /** Where nothing says how wide it is. */
  private static final int USUAL_COLUMNS = 80;

  private final Map<String, String> environment;

  /** What the terminal said last; not asked again before its window has changed. */
  private volatile int columns;

  private Terminal(Map<String, String> environment, int columns) {
    this.environment = environment;
    this.columns = columns;
  }

  /**
   * The terminal behind standard error; empty where it is a file or a pipe, or where {@code TERM}
   * says that a terminal only prints one line after the other.
   */
  static Optional<Terminal> ofStandardError(Map<String, String> environment) {
    String kind = environment.getOrDefault("TERM", "");
    if (kind.isEmpty() || kind.equals("dumb")) {
      return Optional.empty();
    }
    Matcher size = SIZE.matcher(ask());
    if (!size.matches()) {
      return Optional.empty();
    }
    Terminal terminal =
        new Terminal(environment, columns(Integer.parseInt(size.group(2)), environment));
    Signals.handle("WINCH", () -> terminal.columns = 0);
    return Optional.of(terminal);
  }

  /** How many columns it has. */
  int columns() {
    int known = columns;
    if (known == 0) {
      Matcher size = SIZE.matcher(ask());
      known = columns(size.matches() ? Integer.parseInt(size.group(2)) : 0, environment);
      columns = known;
    }
    return known;
  }

  /**
   * @param said by the terminal; 0 if it does not know
   */
  static int columns(int said, Map<String, String> environment) {
    if (said > 0) {
      return said;
    }
    String set = environment.getOrDefault("COLUMNS", "");
    return set.matches("[1-9]\\d{0,5}") ? Integer.parseInt(set) : USUAL_COLUMNS;
  }

  /** Rows and columns, 0 where they are not known; empty if standard error is no terminal. */
  private static String ask() {
    try {
      Process shell =
          new ProcessBuilder("sh", "-c", "test -t 2 && { stty size <&2 2>/dev/null || echo 0 0; }")
              .redirectInput(Redirect.from(new File("/dev/null")))
              .redirectError(Redirect.INHERIT)
              .start();
      try (InputStream said = shell.getInputStream()) {
        return new String(said.readAllBytes(), StandardCharsets.UTF_8).strip();
      }
    } catch (IOException e) {
      return ""; // a machine without a shell
    }
  }
}
