package dev.rankspark.python;

import java.util.ArrayList;
import java.util.List;

/**
 * Python's white space, which is more than Java's {@code strip} and {@code \s} know: {@code
 * str.isspace}.
 */
public final class PythonText {
  private PythonText() {}

  /** Whether Python's {@code strip()} and {@code split()} take this code point for white space. */
  public static boolean isSpace(int codePoint) {
    return (codePoint >= 0x09 && codePoint <= 0x0d)
        || (codePoint >= 0x1c && codePoint <= 0x20)
        || codePoint == 0x85
        || codePoint == 0xa0
        || codePoint == 0x1680
        || (codePoint >= 0x2000 && codePoint <= 0x200a)
        || codePoint == 0x2028
        || codePoint == 0x2029
        || codePoint == 0x202f
        || codePoint == 0x205f
        || codePoint == 0x3000;
  }

  /** {@code text.strip()}. */
  public static String strip(String text) {
    int from = 0;
    int to = text.length();
    // All of Python's white space lies in the basic plane: one char each.
    while (from < to && isSpace(text.charAt(from))) {
      from++;
    }
    while (to > from && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  /** {@code text.split()}: the words between runs of white space, none of them empty. */
  public static List<String> split(String text) {
    List<String> words = new ArrayList<>();
    int from = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || isSpace(text.charAt(i))) {
        if (i > from) {
          words.add(text.substring(from, i));
        }
        from = i + 1;
      }
    }
    return words;
  }
}
