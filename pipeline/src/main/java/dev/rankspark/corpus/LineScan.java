package dev.rankspark.corpus;

import java.io.Serializable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Finds the docid of a corpus's line without reading the line: most lines of a corpus are named by
 * no run, and need no more than to be known for right ones.
 *
 * <p>A scan is sure of a line if the reader would take it without an error and find the same docid.
 * Of all others, broken ones or merely unusual, it says nothing: the reader reads them and says
 * what there is to say. So nothing is passed over that would have been refused.
 */
abstract class LineScan {
  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long ONES = 0x0101_0101_0101_0101L;
  private static final long HIGH = 0x8080_8080_8080_8080L;

  /** Where a scan stops that is not sure. */
  static final int UNSURE = -1;

  private byte[] bytes = {};
  private int length;
  private int from;
  private int to;

  /**
   * A scan for each of the tasks that read a corpus.
   *
   * @see LineScan
   */
  @FunctionalInterface
  interface Maker extends Serializable {
    LineScan make();
  }

  /**
   * Whether it is sure of a line; {@link #from} and {@link #to} then tell where the docid stands.
   *
   * @param line its first bytes are the line's
   */
  final boolean isSureOf(byte[] line, int lengthOfLine) {
    bytes = line;
    length = lengthOfLine;
    from = 0;
    to = 0;
    return scan() && isPlainId();
  }

  /** The docid's first byte, of the line that was last scanned. */
  final int from() {
    return from;
  }

  /** The byte behind the docid. */
  final int to() {
    return to;
  }

  /** Looks at the whole line and calls {@link #docid}. */
  abstract boolean scan();

  /** Says where the docid stands. */
  final void docid(int first, int end) {
    from = first;
    to = end;
  }

  final int length() {
    return length;
  }

  /** The byte at a place; 0, which stands nowhere in a line that a scan is sure of, at the end. */
  final byte at(int place) {
    return place < length ? bytes[place] : 0;
  }

  /** ASCII that is seen: no white space, nothing that is written in more than one way. */
  private boolean isPlainId() {
    for (int i = from; i < to; i++) {
      if (bytes[i] <= ' ' || bytes[i] > '~') {
        return false;
      }
    }
    return to > from;
  }

  /**
   * The first place from another on where a control character, a quotation mark or a backslash
   * stands, behind nothing but UTF-8.
   *
   * @return the line's length if there is none, {@link #UNSURE} if something is no UTF-8
   */
  final int endOfText(int start) {
    int i = start;
    while (true) {
      i = special(i);
      if (i >= length || bytes[i] >= 0) {
        return i;
      }
      int next = afterLetter(i);
      if (next == UNSURE) {
        return UNSURE;
      }
      i = next;
    }
  }

  /** The next byte that is no plain letter of a text: eight are looked at in one go. */
  private int special(int start) {
    int i = start;
    for (; i + Long.BYTES <= length; i += Long.BYTES) {
      long eight = (long) EIGHT.get(bytes, i);
      long quote = eight ^ ('"' * ONES);
      long backslash = eight ^ ('\\' * ONES);
      // A byte's highest bit is set where it is not plain; a borrow reaches only those behind it.
      long found =
          (((quote - ONES) & ~quote)
                  | ((backslash - ONES) & ~backslash)
                  | ((eight - ' ' * ONES) & ~eight)
                  | eight)
              & HIGH;
      if (found != 0) {
        return i + Long.numberOfTrailingZeros(found) / Byte.SIZE;
      }
    }
    while (i < length && bytes[i] >= ' ' && bytes[i] != '"' && bytes[i] != '\\') {
      i++;
    }
    return i;
  }

  /**
   * The place after a letter of two to four bytes, as strictly as Java's decoder: no surrogates,
   * nothing longer than it must be, nothing beyond U+10FFFF.
   */
  private int afterLetter(int i) {
    int first = bytes[i] & 0xff;
    int second = at(i + 1) & 0xff;
    int count;
    boolean isRight;
    if (first < 0xe0) {
      count = 2;
      isRight = first >= 0xc2;
    } else if (first < 0xf0) {
      count = 3;
      isRight = first == 0xe0 ? second >= 0xa0 : first != 0xed || second < 0xa0;
    } else {
      count = 4;
      isRight = first == 0xf0 ? second >= 0x90 : first < 0xf4 || (first == 0xf4 && second < 0x90);
    }
    for (int k = 1; k < count; k++) {
      isRight &= (at(i + k) & 0xc0) == 0x80;
    }
    return isRight ? i + count : UNSURE;
  }
}
