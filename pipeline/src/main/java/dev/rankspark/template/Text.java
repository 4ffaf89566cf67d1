package dev.rankspark.template;

import dev.rankspark.python.PythonText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Python's {@code str}, whose characters are code points. */
final class Text {
  private Text() {}

  static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  static List<Object> characters(String text) {
    List<Object> characters = new ArrayList<>(text.length());
    text.codePoints().forEach(c -> characters.add(Character.toString(c)));
    return characters;
  }

  /**
   * {@code strip}, {@code lstrip} and {@code rstrip}.
   *
   * @param characters those to take away, or null for white space
   */
  static String strip(String text, String characters, boolean left, boolean right) {
    int from = 0;
    int to = text.length();
    while (left && from < to && isOf(characters, text.codePointAt(from))) {
      from += Character.charCount(text.codePointAt(from));
    }
    while (right && from < to && isOf(characters, text.codePointBefore(to))) {
      to -= Character.charCount(text.codePointBefore(to));
    }
    return text.substring(from, to);
  }

  private static boolean isOf(String characters, int c) {
    return characters == null ? PythonText.isSpace(c) : characters.indexOf(c) >= 0;
  }

  /** {@code split} by a separator, at most so many times; below 0 without a limit. */
  static List<Object> split(String text, String separator, long most) {
    List<Object> parts = new ArrayList<>();
    int from = 0;
    for (int i; parts.size() != most && (i = text.indexOf(separator, from)) >= 0; ) {
      parts.add(text.substring(from, i));
      from = i + separator.length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  /** {@code replace}, at most so many times; below 0 without a limit. */
  static String replace(String text, String old, String by, long most) {
    List<Object> parts = split(text, old, most);
    StringBuilder out = new StringBuilder((String) parts.get(0));
    parts.subList(1, parts.size()).forEach(part -> out.append(by).append(part));
    return out.toString();
  }

  static String lower(String text) {
    if (text.indexOf('\u03a3') >= 0) {
      throw new UnsupportedException("the small letter of \u03a3, of which there are two");
    }
    return text.toLowerCase(Locale.ROOT);
  }

  static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  /** The first character as in a title, the others small. */
  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.codePointAt(0);
    int length = Character.charCount(first);
    return title(first) + lower(text.substring(length));
  }

  private static String title(int c) {
    String upper = upper(Character.toString(c));
    int title = Character.toTitleCase(c);
    if (title == c && length(upper) > 1) {
      throw new UnsupportedException("the capital letter of " + Character.toString(c));
    }
    return Character.toString(title);
  }

  /** {@code str.title}: letters are small behind a letter. */
  static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      out.append(inWord ? lower(Character.toString(c)) : title(c));
      inWord = Character.isLowerCase(c) || Character.isUpperCase(c) || Character.isTitleCase(c);
    }
    return out.toString();
  }

  /** jinja2's {@code title}, which has words end at white space, {@code -} and brackets. */
  static String titleOfWords(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      boolean between = PythonText.isSpace(c) || "-({[<".indexOf(c) >= 0;
      String one = Character.toString(c);
      out.append(between ? one : inWord ? lower(one) : upper(one));
      inWord = !between;
    }
    return out.toString();
  }

  /** {@code repr}: in quotes, with what cannot be printed escaped. */
  static String repr(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder out = new StringBuilder().append(quote);
    text.codePoints().forEach(c -> out.append(repr(c, quote)));
    return out.append(quote).toString();
  }

  private static String repr(int c, char quote) {
    if (c == '\\' || c == quote) {
      return "\\" + (char) c;
    }
    int simple = "\n\r\t".indexOf(c);
    if (simple >= 0) {
      return "\\" + "nrt".charAt(simple);
    }
    return switch (Character.getType(c)) {
      case Character.UNASSIGNED ->
          throw new UnsupportedException("a character that Java does not know");
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          c == ' ' ? " " : escaped(c);
      default -> Character.toString(c);
    };
  }

  private static String escaped(int c) {
    String form = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
    return String.format(Locale.ROOT, form, c);
  }

  /** By code points, as Python compares. */
  static int compare(String a, String b) {
    int i = 0;
    while (i < a.length() && i < b.length() && a.charAt(i) == b.charAt(i)) {
      i++;
    }
    if (i == a.length() || i == b.length()) {
      return a.length() - b.length();
    }
    boolean surrogates = Character.isSurrogate(a.charAt(i)) && Character.isSurrogate(b.charAt(i));
    if (surrogates) {
      return a.charAt(i) - b.charAt(i);
    }
    return Integer.compare(weight(a.charAt(i)), weight(b.charAt(i)));
  }

  /** A surrogate, part of a character beyond the basic plane, comes last. */
  private static int weight(char c) {
    return Character.isSurrogate(c) ? c + 0x10000 : c;
  }
}
