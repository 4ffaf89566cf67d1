package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lag;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import dev.rankspark.InputException;
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
        return new Candidates(joined, joined.where(not(isMissing)), counts(asked, withoutPassage));
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
      throw UnknownIds.of(
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

  /** What was found and left out, where so many lines have no passage. */
  static Counts counts(Asked asked, long withoutPassage) {
    RunSummary all = asked.summary();
    return new Counts(
        all.candidates(), all.candidates() - all.withQuery(), withoutPassage, all.repeated());
  }

  @Override
  public void close() {
    joined.unpersist();
  }
}
