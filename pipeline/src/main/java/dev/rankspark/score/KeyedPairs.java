package dev.rankspark.score;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.udf;

import dev.rankspark.InputException;
import dev.rankspark.corpus.Pairs;
import dev.rankspark.prompt.Prompt;
import dev.rankspark.store.PairKey;
import dev.rankspark.store.Snapshot;
import java.util.Locale;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/**
 * A job's pairs by the keys of a store, without their texts, and what a store has of them. Kept on
 * the executors until {@link #close}: some hundred bytes a pair.
 */
final class KeyedPairs implements AutoCloseable {
  private static final StructType KEYED =
      new StructType()
          .add(Pairs.QUERY_POSITION, DataTypes.LongType, false)
          .add(Pairs.POSITION, DataTypes.LongType, false)
          .add(Pairs.QID, DataTypes.StringType, false)
          .add(Pairs.DOCID, DataTypes.StringType, false)
          .add(Snapshot.KEY.get(0), DataTypes.LongType, false)
          .add(Snapshot.KEY.get(1), DataTypes.LongType, false)
          .add(Snapshot.KEY.get(2), DataTypes.IntegerType, false);

  private static final String[] KEY = Snapshot.KEY.toArray(String[]::new);

  /** Below this many missing pairs their positions, 16 bytes each, are sent to every executor. */
  private static final long BROADCAST_PAIRS = 500_000;

  private static final String FRESH = "fresh_score";

  /** Where a file system has a file of scores and does not give it. */
  private static final UserDefinedFunction LOST =
      udf(
          (UDF1<String, Float>)
              docid -> {
                throw InputException.of(
                    "--score-store: the score of docid %s was written and cannot be read; the same"
                        + " command goes on from there",
                    docid);
              },
          DataTypes.FloatType);

  private final Dataset<Row> pairs;
  private final Dataset<Row> keyed;
  private final Digest digest;

  /**
   * @param pairs how many
   * @param text tells all pairs, their order, ids and texts from others
   */
  record Digest(long pairs, String text) {}

  private KeyedPairs(Dataset<Row> pairs, Dataset<Row> keyed) {
    this.pairs = pairs;
    this.keyed = keyed;
    Row sums = keyed.agg(count(lit(1)), digest(1), digest(2)).first();
    this.digest =
        new Digest(
            sums.getLong(0),
            String.format(
                Locale.ROOT,
                "%016x%016x",
                sums.isNullAt(1) ? 0 : sums.getLong(1),
                sums.isNullAt(2) ? 0 : sums.getLong(2)));
  }

  private static Column digest(int seed) {
    return expr("bit_xor(xxhash64(" + seed + ", " + String.join(", ", KEYED.fieldNames()) + "))");
  }

  /**
   * Reads the pairs once.
   *
   * @param pairs with the columns of {@link Pairs}
   */
  static KeyedPairs of(Dataset<Row> pairs, Prompt prompt) {
    PairRows texts = new PairRows(prompt);
    MapFunction<Row, Row> toKeyed =
        row -> {
          PairKey key = PairKey.of(texts.text(row));
          return RowFactory.create(
              row.getAs(Pairs.QUERY_POSITION),
              row.getAs(Pairs.POSITION),
              row.getAs(Pairs.QID),
              row.getAs(Pairs.DOCID),
              key.high(),
              key.low(),
              key.length());
        };
    return new KeyedPairs(
        pairs, pairs.map(toKeyed, Encoders.row(KEYED)).persist(StorageLevel.MEMORY_AND_DISK()));
  }

  Digest digest() {
    return digest;
  }

  /** Looks them up. */
  Lookup find(Snapshot scores) {
    return new Lookup(keyed.join(scores.read(keyed.sparkSession()), KEY, "left_outer"));
  }

  /** What a store has of the pairs. Kept on the executors until {@link #close}. */
  final class Lookup implements AutoCloseable {
    /** The keyed pairs, each with the score that was found, or null. */
    private final Dataset<Row> found;

    /** A position of each key without a score: equal texts are scored once. */
    private final Dataset<Row> missing;

    private final long missingCount;

    private Lookup(Dataset<Row> found) {
      this.found = found.persist(StorageLevel.MEMORY_AND_DISK());
      this.missing =
          found
              .where(col(Snapshot.SCORE).isNull())
              .groupBy(col(KEY[0]), col(KEY[1]), col(KEY[2]))
              .agg(min(Pairs.POSITION).as(Pairs.POSITION))
              .select(Pairs.POSITION)
              .persist(StorageLevel.MEMORY_AND_DISK());
      this.missingCount = missing.count();
    }

    /** How many different pairs have to be scored. */
    long missing() {
      return missingCount;
    }

    /** These pairs, with their texts. */
    Dataset<Row> toScore() {
      Dataset<Row> positions = missingCount <= BROADCAST_PAIRS ? broadcast(missing) : missing;
      return pairs.join(positions, new String[] {Pairs.POSITION}, "left_semi");
    }

    /**
     * All pairs with their scores, {@link ScorePartition#SCORED}; a pair's number is its position.
     *
     * @param scored the scores of {@link #toScore}
     */
    Dataset<Row> with(Snapshot scored) {
      Dataset<Row> fresh =
          scored.read(found.sparkSession()).withColumnRenamed(Snapshot.SCORE, FRESH);
      Dataset<Row> few = missingCount <= BROADCAST_PAIRS ? broadcast(fresh) : fresh;
      return found
          .join(few, KEY, "left_outer")
          .select(
              col(Pairs.POSITION).as(ScorePartition.NUMBER),
              col(Pairs.QUERY_POSITION),
              col(Pairs.QID),
              col(Pairs.DOCID),
              coalesce(col(Snapshot.SCORE), col(FRESH), LOST.apply(col(Pairs.DOCID)))
                  .as(ScorePartition.SCORE));
    }

    @Override
    public void close() {
      missing.unpersist();
      found.unpersist();
    }
  }

  @Override
  public void close() {
    keyed.unpersist();
  }
}
