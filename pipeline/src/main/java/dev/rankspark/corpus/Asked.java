package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;

import dev.rankspark.files.InputPaths;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Run lines within the depth with the texts of their queries, kept on the executors until closed.
 *
 * @param lines {@link Pairs#RUN}, {@link Pairs#QUERY_POSITION} and {@link Pairs#QUERY}, which is
 *     null where the query has no text
 * @param summary what can be said of them all
 */
record Asked(Dataset<Row> lines, RunSummary summary) implements AutoCloseable {

  /** Reads them, all counted in the same pass. */
  static Asked read(SparkSession spark, CandidateOptions options) {
    InputPaths run = options.runs();
    spark
        .sparkContext()
        .setJobDescription("rankspark: reads " + run + ", depth " + options.depth());
    Dataset<Row> lines =
        RunFiles.read(spark, run, options.runReader(), options.depth())
            .join(
                Pairs.lastByPosition(Texts.queries(spark, options.queries()), Pairs.QID),
                new String[] {Pairs.QID},
                "left_outer")
            .persist();
    boolean isRead = false;
    try {
      RunSummary summary = RunSummary.of(lines);
      Asked asked = new Asked(lines, summary);
      if (summary.candidates() > 0 && summary.withQuery() == 0) {
        throw UnknownIds.of(
            "queries",
            run,
            lines.select(Pairs.QID),
            options.queries(),
            Texts.queries(spark, options.queries()).select(Pairs.QID));
      }
      isRead = true;
      return asked;
    } finally {
      if (!isRead) {
        lines.unpersist();
      }
    }
  }

  /** The lines whose query has a text. */
  Dataset<Row> known() {
    return lines.where(col(Pairs.QUERY).isNotNull());
  }

  /** The docids of {@link #known}, for a scan. */
  Broadcast<NamedDocids> docids() {
    return NamedDocids.of(known().select(Pairs.DOCID), summary.withQuery());
  }

  @Override
  public void close() {
    lines.unpersist();
  }
}
