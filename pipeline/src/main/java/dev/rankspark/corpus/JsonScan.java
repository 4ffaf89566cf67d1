package dev.rankspark.corpus;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The docid of a passage as JSON. It is sure of objects by the letter of JSON whose fields have
 * names in plain ASCII, whose docid is a text or a whole number and whose title and text are texts;
 * {@link Field} says which of several names counts.
 */
final class JsonScan extends LineScan {
  /** Beyond these JSON's reader has bounds of its own, which are no matter of a scan. */
  private static final int LONGEST_LINE = 1 << 24;

  private static final int LONGEST_NAME = 256;
  private static final int LONGEST_NUMBER = 18;
  private static final int DEEPEST = 32;

  private static final int DOCID = 0;
  private static final int UNDERSCORE_ID = 1;
  private static final int DOC_ID = 2;
  private static final int ID = 3;
  private static final int TEXT = 4;
  private static final int BODY = 5;
  private static final int TITLE = 6;
  private static final int OTHER = 7;

  private static final byte[][] NAMES = {
    ascii("docid"),
    ascii("_id"),
    ascii("doc_id"),
    ascii("id"),
    ascii("text"),
    ascii("body"),
    ascii("title")
  };

  /** Kinds of values. */
  private static final byte NONE = 0;

  private static final byte STRING = 1;
  private static final byte WHOLE_NUMBER = 2;
  private static final byte NULL = 3;
  private static final byte ANY = 4;

  private final byte[] kinds = new byte[OTHER + 1];
  private final int[] starts = new int[OTHER + 1];
  private final int[] ends = new int[OTHER + 1];

  /** What {@link #afterValue} has come by. */
  private byte kind;

  @Override
  boolean scan() {
    Arrays.fill(kinds, NONE);
    int i = afterSpace(0);
    if (length() > LONGEST_LINE || at(i) != '{') {
      return false;
    }
    do {
      int name = afterSpace(i + 1);
      int end = at(name) == '"' ? endOfText(name + 1) : UNSURE;
      if (end == UNSURE || at(end) != '"' || end - name > LONGEST_NAME) {
        return false;
      }
      int field = field(name + 1, end);
      if (field != OTHER && kinds[field] != NONE) {
        return false; // the last one counts
      }
      int colon = afterSpace(end + 1);
      if (at(colon) != ':') {
        return false;
      }
      int value = afterSpace(colon + 1);
      int after = afterValue(value, 1);
      if (after == UNSURE) {
        return false;
      }
      kinds[field] = kind;
      starts[field] = value;
      ends[field] = after;
      i = afterSpace(after);
    } while (at(i) == ',');
    return at(i) == '}' && afterSpace(i + 1) == length() && areFieldsRight();
  }

  private boolean areFieldsRight() {
    int docid = DOCID;
    if (kinds[DOCID] == NONE) {
      docid = kinds[UNDERSCORE_ID] != NONE ? UNDERSCORE_ID : kinds[DOC_ID] != NONE ? DOC_ID : ID;
      if (docid == UNDERSCORE_ID && kinds[DOC_ID] != NONE) {
        return false; // two ids, which is refused
      }
    }
    if (kinds[docid] == STRING) {
      docid(starts[docid] + 1, ends[docid] - 1);
    } else if (kinds[docid] == WHOLE_NUMBER) {
      docid(starts[docid], ends[docid]);
    } else {
      return false;
    }
    for (int i = from(); i < to(); i++) {
      if (at(i) == '\\') {
        return false; // another way to write it
      }
    }
    byte text = kinds[kinds[TEXT] != NONE ? TEXT : BODY];
    byte title = kinds[TITLE];
    return (text == STRING || text == WHOLE_NUMBER)
        && (title == NONE || title == STRING || title == NULL);
  }

  private int field(int from, int end) {
    for (int field = 0; field < NAMES.length; field++) {
      byte[] name = NAMES[field];
      if (name.length == end - from) {
        int same = 0;
        while (same < name.length && at(from + same) == name[same]) {
          same++;
        }
        if (same == name.length) {
          return field;
        }
      }
    }
    return OTHER;
  }

  private int afterSpace(int start) {
    int i = start;
    while (at(i) == ' ' || at(i) == '\t') {
      i++;
    }
    return i;
  }

  private int afterValue(int start, int depth) {
    return switch (at(start)) {
      case '"' -> {
        kind = STRING;
        yield afterString(start);
      }
      case '{', '[' -> {
        int after = afterGroup(start, depth);
        kind = ANY;
        yield after;
      }
      case 't' -> afterWord(start, "true", ANY);
      case 'f' -> afterWord(start, "false", ANY);
      case 'n' -> afterWord(start, "null", NULL);
      default -> afterNumber(start);
    };
  }

  private int afterWord(int start, String word, byte ofKind) {
    for (int i = 0; i < word.length(); i++) {
      if (at(start + i) != word.charAt(i)) {
        return UNSURE;
      }
    }
    kind = ofKind;
    return start + word.length();
  }

  private int afterString(int start) {
    int i = endOfText(start + 1);
    while (i != UNSURE && at(i) == '\\') {
      int after = afterEscape(i);
      i = after == UNSURE ? UNSURE : endOfText(after);
    }
    return i != UNSURE && at(i) == '"' ? i + 1 : UNSURE;
  }

  /** Of surrogates, which may be halves, it is not sure. */
  private int afterEscape(int backslash) {
    return switch (at(backslash + 1)) {
      case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> backslash + 2;
      case 'u' -> {
        int code = 0;
        for (int i = backslash + 2; i < backslash + 6; i++) {
          int digit = Character.digit((char) at(i), 16);
          if (digit < 0) {
            yield UNSURE;
          }
          code = code * 16 + digit;
        }
        yield Character.isSurrogate((char) code) ? UNSURE : backslash + 6;
      }
      default -> UNSURE;
    };
  }

  private int afterGroup(int start, int depth) {
    boolean isObject = at(start) == '{';
    byte close = (byte) (isObject ? '}' : ']');
    int i = afterSpace(start + 1);
    if (at(i) == close) {
      return i + 1;
    }
    if (depth == DEEPEST) {
      return UNSURE;
    }
    while (true) {
      if (isObject) {
        int after = at(i) == '"' ? afterString(i) : UNSURE;
        if (after == UNSURE || after - i > LONGEST_NAME) {
          return UNSURE;
        }
        int colon = afterSpace(after);
        if (at(colon) != ':') {
          return UNSURE;
        }
        i = afterSpace(colon + 1);
      }
      int after = afterValue(i, depth + 1);
      if (after == UNSURE) {
        return UNSURE;
      }
      i = afterSpace(after);
      if (at(i) == close) {
        return i + 1;
      }
      if (at(i) != ',') {
        return UNSURE;
      }
      i = afterSpace(i + 1);
    }
  }

  /** Those without an exponent, short enough to be no matter of precision. */
  private int afterNumber(int start) {
    boolean isNegative = at(start) == '-';
    int first = isNegative ? start + 1 : start;
    int i = afterDigits(first);
    if (i == first || (at(first) == '0' && i > first + 1)) {
      return UNSURE;
    }
    kind = isNegative ? ANY : WHOLE_NUMBER;
    if (at(i) == '.') {
      int fraction = i + 1;
      i = afterDigits(fraction);
      if (i == fraction) {
        return UNSURE;
      }
      kind = ANY;
    }
    return i - start > LONGEST_NUMBER ? UNSURE : i;
  }

  private int afterDigits(int start) {
    int i = start;
    while (at(i) >= '0' && at(i) <= '9') {
      i++;
    }
    return i;
  }

  private static byte[] ascii(String name) {
    return name.getBytes(StandardCharsets.US_ASCII);
  }
}
