package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;

import java.io.Serializable;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What one pass over run lines says of them all. No record: Kryo cannot send one. */
final class RunSummary implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Of so many queries in a partition the share of each is known, beyond of samples. */
  private static final int MOST_QUERIES = 4096;

  private long candidates;
  private long withQuery;
  private long repeated;

  /** Lines by their query's position: of some queries, each for all up to the next one. */
  private final TreeMap<Long, Long> shares = new TreeMap<>();

  private RunSummary() {}

  /**
   * Counts lines.
   *
   * @param lines with {@link Pairs#RUN}, {@link Pairs#QUERY_POSITION} and {@link Pairs#QUERY},
   *     those of a query one after the other
   */
  static RunSummary of(Dataset<Row> lines) {
    RunSummary all = new RunSummary();
    lines
        .select(col(Pairs.QUERY_POSITION), col(Pairs.DOCID), col(Pairs.QUERY).isNotNull())
        .toJavaRDD()
        .mapPartitions(part -> List.of(ofPart(part)).iterator())
        .collect()
        .forEach(all::add);
    return all;
  }

  private static RunSummary ofPart(Iterator<Row> lines) {
    RunSummary summary = new RunSummary();
    long query = -1;
    Set<String> docids = new HashSet<>(); // no more than --depth
    while (lines.hasNext()) {
      Row line = lines.next();
      summary.candidates++;
      if (!line.getBoolean(2)) {
        continue;
      }
      if (line.getLong(0) != query) {
        query = line.getLong(0);
        docids.clear();
      }
      summary.withQuery++;
      summary.repeated += docids.add(line.getString(1)) ? 0 : 1;
      summary.shares.merge(query, 1L, Long::sum);
      if (summary.shares.size() > MOST_QUERIES) {
        summary.halve();
      }
    }
    return summary;
  }

  /** Every second query's lines become its neighbour's. */
  private void halve() {
    boolean isKept = true;
    long kept = 0;
    for (long query : List.copyOf(shares.keySet())) {
      if (isKept) {
        kept = query;
      } else {
        shares.merge(kept, shares.remove(query), Long::sum);
      }
      isKept = !isKept;
    }
  }

  private void add(RunSummary other) {
    candidates += other.candidates;
    withQuery += other.withQuery;
    repeated += other.repeated;
    other.shares.forEach((query, lines) -> shares.merge(query, lines, Long::sum));
  }

  /** How many lines there are. */
  long candidates() {
    return candidates;
  }

  /** How many of them have a query with a text. */
  long withQuery() {
    return withQuery;
  }

  /** How many of those have a docid that a line of their query before them has. */
  long repeated() {
    return repeated;
  }

  /**
   * The last positions of queries of each part but the last one.
   *
   * @param parts of much the same number of lines; fewer, if there are not so many queries
   */
  long[] bounds(int parts) {
    long[] bounds = new long[Math.max(0, parts - 1)];
    int found = 0;
    long lines = 0;
    for (var share : shares.entrySet()) {
      lines += share.getValue();
      if (found < bounds.length && lines >= withQuery * (found + 1) / parts) {
        bounds[found++] = share.getKey();
      }
    }
    return Arrays.copyOf(bounds, found);
  }
}
