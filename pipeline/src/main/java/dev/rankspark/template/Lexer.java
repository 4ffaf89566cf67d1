package dev.rankspark.template;

import dev.rankspark.InputException;
import dev.rankspark.python.PythonText;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens as jinja2's lexer does with {@code trim_blocks} and {@code
 * lstrip_blocks}: a newline after a block or comment goes, and so does the white space before one
 * that is first on its line; {@code -} takes all white space, {@code +} none.
 */
final class Lexer {
  private static final Pattern NEWLINE = Pattern.compile("\r\n|\r");
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern FLOAT =
      Pattern.compile("[0-9]+(?:\\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)");
  private static final Pattern INTEGER = Pattern.compile("[1-9][0-9]*|0+");
  private static final Pattern OPERATOR =
      Pattern.compile("//|\\*\\*|[=!<>]=|[-+/*%~\\[\\](){}<>=.:|,;]");
  private static final Pattern STRING =
      Pattern.compile("'((?:[^'\\\\]|\\\\.)*+)'|\"((?:[^\"\\\\]|\\\\.)*+)\"", Pattern.DOTALL);

  private final String source;
  private final String file;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;
  private boolean lineStarts = true; // what came last ended with a newline

  Lexer(String source, String file) {
    String lines = NEWLINE.matcher(source).replaceAll("\n");
    this.source = lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
    this.file = file;
  }

  List<Token> tokens() {
    while (at < source.length()) {
      int tag = nextTag();
      if (tag < 0) {
        data(source.substring(at));
        break;
      }
      char kind = source.charAt(tag + 1);
      boolean signed = source.startsWith("-", tag + 2) || source.startsWith("+", tag + 2);
      data(before(source.substring(at, tag), signed ? source.charAt(tag + 2) : ' ', kind));
      moveTo(tag + (signed ? 3 : 2));
      switch (kind) {
        case '#' -> comment();
        case '%' -> tag(Token.Kind.BLOCK_BEGIN, Token.Kind.BLOCK_END, "%}");
        default -> tag(Token.Kind.VARIABLE_BEGIN, Token.Kind.VARIABLE_END, "}}");
      }
    }
    add(Token.Kind.END, "the end", null);
    return tokens;
  }

  private int nextTag() {
    for (int i = source.indexOf('{', at); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private String before(String text, char sign, char kind) {
    if (sign == '-') {
      return Text.strip(text, null, false, true);
    }
    int last = text.lastIndexOf('\n') + 1;
    boolean first = last > 0 || lineStarts;
    boolean blank = text.substring(last).codePoints().allMatch(PythonText::isSpace);
    return sign != '+' && kind != '{' && first && blank ? text.substring(0, last) : text;
  }

  private void comment() {
    int end = source.indexOf("#}", at);
    if (end < 0) {
      throw refused("a comment that does not end");
    }
    char sign = end > at ? source.charAt(end - 1) : ' ';
    close(end + 2, sign, true);
  }

  private void tag(Token.Kind begin, Token.Kind end, String bracket) {
    add(begin, source.substring(at - 2, at), null);
    Deque<String> open = new ArrayDeque<>();
    while (true) {
      while (at < source.length() && PythonText.isSpace(source.charAt(at))) {
        moveTo(at + 1);
      }
      if (at == source.length()) {
        throw refused("a tag that does not end, expected " + bracket);
      }
      char sign = source.charAt(at);
      boolean isBlock = end == Token.Kind.BLOCK_END;
      boolean signed = sign == '-' || (sign == '+' && isBlock);
      if (open.isEmpty() && source.startsWith(bracket, at + (signed ? 1 : 0))) {
        add(end, bracket, null);
        close(at + bracket.length() + (signed ? 1 : 0), signed ? sign : ' ', isBlock);
        return;
      }
      inTag(open);
    }
  }

  /** Past the end of a tag or comment, and the white space that goes with it. */
  private void close(int end, char sign, boolean trim) {
    int to = end;
    if (sign == '-') {
      while (to < source.length() && PythonText.isSpace(source.charAt(to))) {
        to++;
      }
    } else if (sign != '+' && trim && source.startsWith("\n", to)) {
      to++;
    }
    moveTo(to);
    lineStarts = source.charAt(to - 1) == '\n';
  }

  private void inTag(Deque<String> open) {
    String found;
    if ((found = match(NAME)) != null) {
      add(Token.Kind.NAME, found, null);
    } else if ((source.charAt(at - 1) != '.' && (found = match(FLOAT)) != null)) {
      add(Token.Kind.LITERAL, found, Double.valueOf(found));
    } else if ((found = match(INTEGER)) != null) {
      if (found.length() > 18) {
        throw refused("a number beyond 18 digits: " + found);
      }
      add(Token.Kind.LITERAL, found, Long.valueOf(found));
    } else if ((found = match(STRING)) != null) {
      add(Token.Kind.LITERAL, found, unescaped(found.substring(1, found.length() - 1)));
    } else if ((found = match(OPERATOR)) != null) {
      balance(open, found);
      add(Token.Kind.OPERATOR, found, null);
    } else {
      throw refused("the character " + Character.toString(source.codePointAt(at)) + " in a tag");
    }
    moveTo(at + found.length());
  }

  private void balance(Deque<String> open, String operator) {
    int closing = "([{".indexOf(operator);
    if (closing >= 0) {
      open.push(")]}".substring(closing, closing + 1));
    } else if (")]}".contains(operator) && (open.isEmpty() || !open.pop().equals(operator))) {
      throw refused("\"" + operator + "\" without its partner");
    }
  }

  private String match(Pattern pattern) {
    Matcher matcher = pattern.matcher(source).region(at, source.length());
    return matcher.lookingAt() ? matcher.group() : null;
  }

  /** Python's escapes; one that it does not know is left as it stands. */
  private String unescaped(String quoted) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < quoted.length(); i++) {
      char c = quoted.charAt(i);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char escape = quoted.charAt(++i);
      int simple = "abfnrtv\\'\"".indexOf(escape);
      int digits = "xuU".indexOf(escape);
      if (simple >= 0) {
        out.append("\u0007\b\f\n\r\t\u000b\\'\"".charAt(simple));
      } else if (digits >= 0) {
        int length = new int[] {2, 4, 8}[digits];
        out.appendCodePoint(codePoint(quoted, i + 1, length));
        i += length;
      } else if (escape >= '0' && escape <= '7') {
        int to = i + 1;
        while (to < Math.min(quoted.length(), i + 3)
            && "01234567".indexOf(quoted.charAt(to)) >= 0) {
          to++;
        }
        out.append((char) Integer.parseInt(quoted.substring(i, to), 8));
        i = to - 1;
      } else if (escape == 'N') {
        throw refused("\\N in a string");
      } else if (escape != '\n') {
        out.append('\\').append(escape);
      }
    }
    return out.toString();
  }

  private int codePoint(String quoted, int from, int length) {
    String digits = quoted.substring(from, Math.min(quoted.length(), from + length));
    if (digits.length() == length && digits.matches("[0-9a-fA-F]+")) {
      long value = Long.parseLong(digits, 16);
      boolean surrogate = value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE;
      if (value <= Character.MAX_CODE_POINT && !surrogate) {
        return (int) value;
      }
    }
    throw refused("\"" + digits + "\" in a string's escape, which is no character");
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      add(Token.Kind.DATA, text, null);
    }
  }

  private void add(Token.Kind kind, String text, Object value) {
    tokens.add(new Token(kind, text, value, line));
  }

  private void moveTo(int to) {
    for (; at < to; at++) {
      line += source.charAt(at) == '\n' ? 1 : 0;
    }
  }

  private InputException refused(String what) {
    return Failures.refused(file, line, what);
  }
}
