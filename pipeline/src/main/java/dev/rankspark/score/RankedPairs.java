package dev.rankspark.score;

import static org.apache.spark.sql.functions.col;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.SqlSettings;
import dev.rankspark.corpus.LineParts;
import dev.rankspark.corpus.Pairs;
import dev.rankspark.corpus.SingleFile;
import dev.rankspark.files.OutputFile;
import dev.rankspark.files.OutputFile.IfExists;
import java.io.Serializable;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Scored pairs in the order of a run: queries in input order, scores descending, equal scores in
 * input order. They are shuffled once, each query into one partition, and then sorted, ranked and
 * counted as they are written.
 */
final class RankedPairs {
  private final JavaRDD<Row> sorted;
  private final Configuration hadoop;
  private Counts counts = new Counts();

  /** Of some pairs. No record, as Kryo cannot read those. */
  static final class Counts implements Serializable {
    private static final long serialVersionUID = 1L;
    private long queries;
    private long repeated;

    /** Different queries. */
    long queries() {
      return queries;
    }

    /** Pairs whose docid their query has already. */
    long repeated() {
      return repeated;
    }

    private void add(Counts other) {
      queries += other.queries;
      repeated += other.repeated;
    }
  }

  /** How a pair stands in a file. */
  @FunctionalInterface
  interface Format extends Serializable {
    String line(String qid, String docid, int rank, float score);
  }

  /**
   * Shuffles them.
   *
   * @param scored {@link ScorePartition#SCORED}
   */
  RankedPairs(Dataset<Row> scored) {
    int partitions = SqlSettings.shufflePartitions(scored.sparkSession());
    this.hadoop = scored.sparkSession().sparkContext().hadoopConfiguration();
    this.sorted =
        scored
            .select(
                Pairs.QID,
                Pairs.DOCID,
                ScorePartition.SCORE,
                Pairs.QUERY_POSITION,
                ScorePartition.NUMBER)
            .repartitionByRange(partitions, col(Pairs.QUERY_POSITION))
            .sortWithinPartitions(
                col(Pairs.QUERY_POSITION),
                col(ScorePartition.SCORE).desc(),
                col(ScorePartition.NUMBER))
            .toJavaRDD();
  }

  /**
   * Writes a file up to the point where only {@link OutputFile#commit} is left to do.
   *
   * @return to be closed
   */
  OutputFile stage(Format format, String output, IfExists ifExists) {
    Counts all = new Counts();
    Broadcast<HadoopSettings> settings =
        JavaSparkContext.fromSparkContext(sorted.context()).broadcast(new HadoopSettings(hadoop));
    return SingleFile.stage(
        work -> {
          String folder = work.lines().toString();
          work.fill(
              () ->
                  sorted
                      .mapPartitionsWithIndex(
                          (number, rows) -> {
                            Lines lines = new Lines(rows, format);
                            LineParts.write(number, lines, folder, output, settings.value());
                            return List.of(lines.counts).iterator();
                          },
                          /* preservesPartitioning= */ true)
                      .collect()
                      .forEach(all::add));
          settings.destroy();
          counts = all;
        },
        output,
        ifExists,
        sorted.context(),
        hadoop);
  }

  /** Of all pairs; known once they were written. */
  Counts counts() {
    return counts;
  }

  /** The lines of whole queries. */
  private static final class Lines implements Iterator<String> {
    private final Iterator<Row> rows;
    private final Format format;
    private final Counts counts = new Counts();
    private final Set<String> docids = new HashSet<>(); // of the query
    private long query = -1;
    private int rank;

    Lines(Iterator<Row> rows, Format format) {
      this.rows = rows;
      this.format = format;
    }

    @Override
    public boolean hasNext() {
      return rows.hasNext();
    }

    @Override
    public String next() {
      Row row = rows.next();
      if (row.getLong(3) != query) {
        query = row.getLong(3);
        rank = 0;
        docids.clear();
        counts.queries++;
      }
      rank++;
      String docid = row.getString(1);
      if (!docids.add(docid)) {
        counts.repeated++;
      }
      return format.line(row.getString(0), docid, rank, row.getFloat(2));
    }
  }
}
