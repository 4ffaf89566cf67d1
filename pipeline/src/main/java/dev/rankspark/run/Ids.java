package dev.rankspark.run;

import dev.rankspark.OptionException;
import dev.rankspark.python.PythonText;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a qid or a docid may be: what stands in a line of a run and is read back from it as it was.
 * Lines are split at Python's white space, so an id holds none; a byte order mark in front would
 * get lost at the start of a file.
 */
public final class Ids {
  private static final char BYTE_ORDER_MARK = '\ufeff';

  private Ids() {}

  /**
   * What is wrong with an id.
   *
   * @param name what the input calls it, such as {@code docid}
   * @param id null where the input has none
   * @return words that follow {@code file:line: }; empty for an id that can be written
   */
  public static Optional<String> wrong(String name, String id) {
    if (id == null || id.isEmpty()) {
      return Optional.of("expected an id as \"" + name + "\", got an empty text");
    }
    if (id.charAt(0) == BYTE_ORDER_MARK) {
      return Optional.of(
          "expected an id as \""
              + name
              + "\", got one that begins with a byte order mark (U+FEFF): \""
              + id.substring(1)
              + "\"; files that were strung together keep theirs, take it out");
    }
    for (int i = 0; i < id.length(); i++) {
      // All of Python's white space lies in the basic plane: one char each.
      if (PythonText.isSpace(id.charAt(i))) {
        return Optional.of(
            String.format(
                Locale.ROOT,
                "expected an id as \"%s\", got \"%s\" with white space (U+%04X), at which the lines"
                    + " of a run are split; replace it in all files",
                name,
                shown(id),
                (int) id.charAt(i)));
      }
    }
    return Optional.empty();
  }

  /**
   * A run's tag, which has no white space either.
   *
   * @throws OptionException naming {@code --run-tag}
   */
  public static void checkTag(String tag) {
    if (!PythonText.split(tag).equals(List.of(tag))) {
      throw OptionException.of("--run-tag: expected one word, got \"%s\"", tag);
    }
  }

  /** In one line, and in few words where a whole text got into an id's place. */
  private static String shown(String id) {
    int most = 60;
    String line = id.replaceAll("\\R|\t", " ");
    return line.codePointCount(0, line.length()) <= most
        ? line
        : line.substring(0, line.offsetByCodePoints(0, most)) + "...";
  }
}
