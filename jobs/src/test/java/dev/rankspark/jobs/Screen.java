package dev.rankspark.jobs;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A terminal without escape codes: what a person sees of what was written to it. A line that is too
 * long goes on in the next row, as everywhere.
 */
final class Screen extends ByteArrayOutputStream {
  private final int columns;

  Screen(int columns) {
    this.columns = columns;
  }

  /** The rows as they are now, without spaces at their ends. */
  synchronized List<String> rows() {
    return rows(toString(StandardCharsets.UTF_8), columns);
  }

  static List<String> rows(String written, int columns) {
    List<StringBuilder> rows = new ArrayList<>(List.of(new StringBuilder()));
    int column = 0;
    for (int i = 0; i < written.length(); i++) {
      char sign = written.charAt(i);
      if (sign < ' ' && sign != '\r' && sign != '\n') {
        throw new IllegalArgumentException("a control character: " + (int) sign);
      }
      if (sign == '\r') {
        column = 0;
        continue;
      }
      if (sign == '\n' || column == columns) {
        rows.add(new StringBuilder());
        column = 0;
      }
      if (sign != '\n') {
        StringBuilder row = rows.get(rows.size() - 1);
        row.setLength(Math.max(row.length(), column + 1));
        row.setCharAt(column++, sign);
      }
    }
    return rows.stream().map(row -> row.toString().replace('\0', ' ').stripTrailing()).toList();
  }
}
