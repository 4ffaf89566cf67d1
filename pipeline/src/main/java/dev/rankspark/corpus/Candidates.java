package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max_by;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;

import dev.rankspark.InputException;
import dev.rankspark.files.InputPaths;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
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
    return join(spark, options, Texts.passages(spark, options.corpus()), Pairs.TEXT);
  }

  /** Pairs with the passages' whole records, for {@code prepare}. */
  static Candidates records(SparkSession spark, CandidateOptions options) {
    return join(spark, options, Texts.records(spark, options.corpus()), Pairs.RECORD);
  }

  private static Candidates join(
      SparkSession spark, CandidateOptions options, Dataset<Row> passages, String textColumn) {
    InputPaths run = options.runs();
    spark
        .sparkContext()
        .setJobDescription("rankspark: reads " + run + ", depth " + options.depth());
    Dataset<Row> lines =
        RunFiles.read(spark, options.runs(), options.runReader(), options.depth()).persist();
    Dataset<Row> queries =
        lastByPosition(Texts.queries(spark, options.queries()), Pairs.QID).persist();
    try {
      long candidates = lines.count();
      Dataset<Row> asked = lines.join(Pairs.small(queries), Pairs.QID);
      long withQuery = asked.count();
      if (candidates > 0 && withQuery == 0) {
        throw noneKnown(
            "queries", run, lines.select(Pairs.QID), options.queries(), queries.select(Pairs.QID));
      }
      long different = asked.select(Pairs.QID, Pairs.DOCID).distinct().count();
      spark.sparkContext().setJobDescription("rankspark: looks up the passages of " + run);
      Dataset<Row> named =
          passages.join(
              Pairs.small(asked.select(Pairs.DOCID).distinct()), Pairs.BY_DOCID, "left_semi");
      Dataset<Row> joined =
          Pairs.withQueryPosition(asked)
              .join(lastByPosition(named, Pairs.DOCID), Pairs.BY_DOCID, "left_outer")
              .persist(StorageLevel.MEMORY_AND_DISK());
      Column isMissing = col(textColumn).isNull();
      long withoutPassage = joined.where(isMissing).count();
      if (withQuery > 0 && withoutPassage == withQuery) {
        joined.unpersist();
        throw noneKnown(
            "docids",
            run,
            asked.select(Pairs.DOCID),
            options.corpus(),
            passages.select(Pairs.DOCID));
      }
      if (withoutPassage > 0 && options.missing() == CandidateOptions.Missing.REFUSE) {
        Row first = joined.where(isMissing).orderBy(Pairs.QUERY_POSITION, Pairs.POSITION).first();
        joined.unpersist();
        throw InputException.of(
            "%,d of %,d candidates have no passage, first docid %s of query %s (%s); add"
                + " --allow-missing to skip them",
            withoutPassage,
            withQuery,
            first.<String>getAs(Pairs.DOCID),
            first.<String>getAs(Pairs.QID),
            options.corpus());
      }
      return new Candidates(
          joined,
          joined.where(not(isMissing)),
          new Counts(candidates, candidates - withQuery, withoutPassage, withQuery - different));
    } finally {
      lines.unpersist();
      queries.unpersist();
    }
  }

  /** Ids of two kinds, by some of both sides: a run would come out empty, which nobody wants. */
  private static InputException noneKnown(
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
