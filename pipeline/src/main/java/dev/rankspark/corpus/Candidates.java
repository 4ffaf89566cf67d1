package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lag;
import static org.apache.spark.sql.functions.max_by;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import dev.rankspark.InputException;
import dev.rankspark.files.InputPaths;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.storage.StorageLevel;

/**
 * The join of run lines with queries and passages. Candidates, the small side, are sent to the
 * corpus; of the corpus only what they name moves, and nothing of it reaches the driver.
 *
 * @param joined all candidates, kept on the executors until {@link #close}; the text is null where
 *     there is no passage
 * @param pairs those with a passage
 * @param counts what was found and what was left out
 */
public record Candidates(Dataset<Row> joined, Dataset<Row> pairs, Counts counts)
    implements AutoCloseable {

  /** How many ids a message shows. */
  private static final int EXAMPLES = 3;

  /** Lines among which there are as many, for a run has many lines of a query. */
  private static final int MANY = 10_000;

  /**
   * What a join found.
   *
   * @param candidates run lines within the depth
   * @param withoutQuery of these, lines whose query has no text; skipped, as Tevatron skips them
   * @param withoutPassage of these, lines whose docid has no passage; skipped under {@code
   *     --allow-missing}
   * @param repeated of these, lines whose docid their query has already; kept, as Tevatron keeps
   *     them
   */
  public record Counts(long candidates, long withoutQuery, long withoutPassage, long repeated) {
    /** The pairs that are left. */
    public long pairs() {
      return candidates - withoutQuery - withoutPassage;
    }
  }

  /** Pairs to score: {@code query_id, query, docid, title, text, score} and their positions. */
  public static Candidates pairs(SparkSession spark, CandidateOptions options) {
    try (Asked asked = Asked.read(spark, options)) {
      spark
          .sparkContext()
          .setJobDescription("rankspark: looks up the passages of " + options.runs());
      Dataset<Row> joined =
          withPassages(asked, Texts.passages(spark, options.corpus(), asked.docids()))
              .persist(StorageLevel.MEMORY_AND_DISK());
      boolean isRight = false;
      try {
        Column isMissing = col(Pairs.TEXT).isNull();
        Row counted =
            joined
                .agg(
                    count(when(isMissing, true)),
                    min(
                        when(
                            isMissing,
                            struct(Pairs.QUERY_POSITION, Pairs.POSITION, Pairs.QID, Pairs.DOCID))))
                .first();
        long withoutPassage = counted.getLong(0);
        if (withoutPassage > 0) {
          Row first = counted.getStruct(1);
          refuseMissing(
              spark, options, asked, withoutPassage, first.getString(2), first.getString(3));
        }
        isRight = true;
        return new Candidates(joined, joined.where(not(isMissing)), asked.counts(withoutPassage));
      } finally {
        if (!isRight) {
          joined.unpersist();
        }
      }
    }
  }

  /**
   * Run lines whose query has a text, with what the passages have; null where there is no passage.
   *
   * @param passages with docid and position, of which the last one of a docid counts
   */
  static Dataset<Row> withPassages(Asked asked, Dataset<Row> passages) {
    String later = "later";
    // By a neighbour, not by a group's maximum: that would sort the texts twice.
    Dataset<Row> last =
        passages
            .withColumn(
                later,
                lag(Pairs.POSITION, 1)
                    .over(Window.partitionBy(Pairs.DOCID).orderBy(col(Pairs.POSITION).desc())))
            .where(col(later).isNull())
            .drop(later, Pairs.POSITION);
    return asked.known().join(last, Pairs.BY_DOCID, "left_outer");
  }

  /**
   * Says what is wrong with a run some of whose docids have no passage.
   *
   * @param withoutPassage how many; more than none
   * @param qid of the first of them
   * @param docid of the first of them
   * @throws InputException unless they are to be skipped and others are left
   */
  static void refuseMissing(
      SparkSession spark,
      CandidateOptions options,
      Asked asked,
      long withoutPassage,
      String qid,
      String docid) {
    if (withoutPassage == asked.summary().withQuery()) {
      throw noneKnown(
          "docids",
          options.runs(),
          asked.known().select(Pairs.DOCID),
          options.corpus(),
          Texts.passages(spark, options.corpus()).select(Pairs.DOCID));
    }
    if (options.missing() == CandidateOptions.Missing.REFUSE) {
      throw InputException.of(
          "%,d of %,d candidates have no passage, first docid %s of query %s (%s); add"
              + " --allow-missing to skip them",
          withoutPassage, asked.summary().withQuery(), docid, qid, options.corpus());
    }
  }

  /** Ids of two kinds, by some of both sides: a run would come out empty, which nobody wants. */
  static InputException noneKnown(
      String what, InputPaths run, Dataset<Row> asked, InputPaths texts, Dataset<Row> known) {
    return InputException.of(
        "none of the %,d %s of %s %s is in %s %s: ids are compared letter by letter, the run has %s,"
            + " the other %s",
        asked.distinct().count(),
        what,
        run.option(),
        run,
        texts.option(),
        texts,
        examples(asked),
        examples(known));
  }

  private static String examples(Dataset<Row> ids) {
    List<String> some =
        ids.limit(MANY).distinct().limit(EXAMPLES).collectAsList().stream()
            .map(row -> "\"" + row.getString(0) + "\"")
            .sorted()
            .toList();
    return some.isEmpty() ? "none" : String.join(", ", some);
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

  @Override
  public void close() {
    joined.unpersist();
  }
}
