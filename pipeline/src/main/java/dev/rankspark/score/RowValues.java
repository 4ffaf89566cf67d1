package dev.rankspark.score;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Rows with more behind their own columns. */
final class RowValues {
  private RowValues() {}

  /** The first columns of a row, and others behind them. */
  static Row with(Row row, int columns, Object... more) {
    Object[] values = new Object[columns + more.length];
    for (int i = 0; i < columns; i++) {
      values[i] = row.get(i);
    }
    System.arraycopy(more, 0, values, columns, more.length);
    return RowFactory.create(values);
  }
}
