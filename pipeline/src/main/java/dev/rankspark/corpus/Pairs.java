package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max_by;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The columns of run lines, queries, passages and the pairs that they join to; the only place that
 * spells them.
 *
 * <p>A pair stands in its input at {@link #POSITION}; its query at {@link #QUERY_POSITION}, where
 * its first pair stands. Sorted by both, pairs are in the order in which Tevatron's scripts would
 * hold them.
 */
public final class Pairs {
  public static final String POSITION = "position";
  public static final String QUERY_POSITION = "query_position";
  public static final String QID = "query_id";
  public static final String QUERY = "query";
  public static final String DOCID = "docid";
  public static final String TITLE = "title";
  public static final String TEXT = "text";

  /** What passages are joined by. */
  static final String[] BY_DOCID = {DOCID};

  /** The first stage's score; null where the input gives none. */
  public static final String FIRST_SCORE = "score";

  /** A passage as one JSON text, whatever its columns. */
  static final String RECORD = "record";

  /** Whether a passage has none of the fields that a pair brings. */
  static final String IS_PLAIN = "is_plain";

  /**
   * Below this many rows a table is sent to every executor rather than shuffled: some hundred bytes
   * a row.
   */
  private static final long BROADCAST_ROWS = 500_000;

  /** What a pair brings to its passage, besides the docid. */
  static final List<String> OF_PAIR = List.of(FIRST_SCORE, QID, QUERY);

  static final StructType RUN =
      new StructType()
          .add(POSITION, DataTypes.LongType, false)
          .add(QID, DataTypes.StringType, false)
          .add(DOCID, DataTypes.StringType, false)
          .add(FIRST_SCORE, DataTypes.DoubleType);

  static final StructType QUERIES =
      new StructType()
          .add(POSITION, DataTypes.LongType, false)
          .add(QID, DataTypes.StringType, false)
          .add(QUERY, DataTypes.StringType, false);

  static final StructType PASSAGES =
      new StructType()
          .add(POSITION, DataTypes.LongType, false)
          .add(DOCID, DataTypes.StringType, false)
          .add(TITLE, DataTypes.StringType, false)
          .add(TEXT, DataTypes.StringType, false);

  static final StructType RECORDS =
      new StructType()
          .add(POSITION, DataTypes.LongType, false)
          .add(DOCID, DataTypes.StringType, false)
          .add(RECORD, DataTypes.StringType, false)
          .add(IS_PLAIN, DataTypes.BooleanType, false);

  static final StructType RERANK_INPUT =
      new StructType()
          .add(POSITION, DataTypes.LongType, false)
          .add(QID, DataTypes.StringType, false)
          .add(QUERY, DataTypes.StringType, false)
          .add(DOCID, DataTypes.StringType, false)
          .add(TITLE, DataTypes.StringType, false)
          .add(TEXT, DataTypes.StringType, false)
          .add(FIRST_SCORE, DataTypes.DoubleType);

  private Pairs() {}

  /** Adds {@link #QUERY_POSITION}. */
  static Dataset<Row> withQueryPosition(Dataset<Row> pairs) {
    return pairs.withColumn(QUERY_POSITION, min(col(POSITION)).over(Window.partitionBy(QID)));
  }

  /** Hints at a broadcast where the table, which is counted for it, is small. */
  static Dataset<Row> small(Dataset<Row> table) {
    return table.count() <= BROADCAST_ROWS ? broadcast(table) : table;
  }

  /** One row per key, the last in the input: what is left in a Python dictionary. */
  static Dataset<Row> lastByPosition(Dataset<Row> rows, String key) {
    Column[] others =
        Arrays.stream(rows.columns())
            .filter(name -> !name.equals(key) && !name.equals(Pairs.POSITION))
            .map(name -> col(name))
            .toArray(Column[]::new);
    String last = "last";
    return rows.groupBy(key)
        .agg(max_by(struct(others), col(Pairs.POSITION)).as(last))
        .select(col(key), col(last + ".*"));
  }
}
