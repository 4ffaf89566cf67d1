package dev.rankspark.score;

import dev.rankspark.prompt.PairFormat;
import dev.rankspark.store.PairKey;
import dev.rankspark.store.Snapshot;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** A table of pairs, with what a store has of them. Lazy; the table is read once. */
final class StoredRows {
  /** The column with the score that was found, the last one; null where there is none. */
  static final String SCORE = name(Snapshot.SCORE);

  private static final String[] KEY =
      Snapshot.KEY.stream().map(StoredRows::name).toArray(String[]::new);

  private StoredRows() {}

  /** A name that no table of a user has. */
  private static String name(String column) {
    return "__rankspark_" + column;
  }

  /** Where the texts of a pair are in a row; {@link ScoreRows#NO_FIELD} for no title. */
  record Fields(int query, int passage, int title, PairFormat template)
      implements java.io.Serializable {
    boolean isComplete(Row row) {
      return !row.isNullAt(query) && !row.isNullAt(passage);
    }

    /** The text that a model sees of a complete row. */
    String text(Row row) {
      String titleText =
          title == ScoreRows.NO_FIELD || row.isNullAt(title) ? "" : row.getString(title);
      return template.format(row.getString(query), titleText, row.getString(passage));
    }
  }

  /** The rows, each with {@link #SCORE} behind its own columns. */
  static Dataset<Row> find(Dataset<Row> pairs, Fields fields, Snapshot scores) {
    StructType keyed =
        pairs
            .schema()
            .add(KEY[0], DataTypes.LongType, true)
            .add(KEY[1], DataTypes.LongType, true)
            .add(KEY[2], DataTypes.IntegerType, true);
    MapFunction<Row, Row> withKey =
        row -> {
          PairKey key = fields.isComplete(row) ? PairKey.of(fields.text(row)) : null;
          return key == null
              ? RowValues.with(row, row.length(), null, null, null)
              : RowValues.with(row, row.length(), key.high(), key.low(), key.length());
        };
    Dataset<Row> found = scores.read(pairs.sparkSession()).toDF(KEY[0], KEY[1], KEY[2], SCORE);
    return pairs.map(withKey, Encoders.row(keyed)).join(found, KEY, "left_outer").drop(KEY);
  }
}
