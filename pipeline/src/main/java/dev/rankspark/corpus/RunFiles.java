package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.row_number;

import dev.rankspark.cluster.Keyed;
import dev.rankspark.corpus.TextLines.TextLine;
import dev.rankspark.files.InputFiles;
import dev.rankspark.files.InputFiles.InputFile;
import dev.rankspark.files.InputPaths;
import dev.rankspark.run.Ranks;
import dev.rankspark.run.RunLine;
import dev.rankspark.run.RunReader;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;

/**
 * Run files of a first stage, as {@code read_result} of Tevatron's {@code prepare_rerank_input.py}
 * reads them.
 */
final class RunFiles {
  private RunFiles() {}

  /**
   * The first {@code depth} lines of each query, with its {@link Pairs#QUERY_POSITION}.
   *
   * @throws dev.rankspark.InputException if a file counts ranks where scores are expected
   */
  static Dataset<Row> read(SparkSession spark, InputPaths paths, RunReader reader, int depth) {
    List<InputFile> files = InputFiles.resolve(paths, spark.sparkContext().hadoopConfiguration());
    JavaRDD<TextLine> lines = TextLines.readNonBlank(spark, files);
    if (reader.refusesRanks()) {
      refuseRanks(lines, files, reader);
    }
    JavaRDD<Row> rows =
        lines.map(
            line -> {
              RunLine run = line(line, reader);
              return RowFactory.create(line.position(), run.qid(), run.docid(), run.score());
            });
    String rank = "rank";
    WindowSpec ofQuery = Window.partitionBy(Pairs.QID).orderBy(Pairs.POSITION);
    return spark
        .createDataFrame(rows, Pairs.RUN)
        .withColumn(rank, row_number().over(ofQuery))
        .withColumn(Pairs.QUERY_POSITION, first(Pairs.POSITION).over(ofQuery))
        .where(col(rank).leq(depth))
        .drop(rank);
  }

  private static RunLine line(TextLine line, RunReader reader) {
    return reader.line(line.text(), line::where).orElseThrow(); // blank lines are left out
  }

  /**
   * Refuses a file all of whose lines count ranks, and files that do so together, as the parts of
   * one run would. Most runs cost one line of each split.
   */
  private static void refuseRanks(
      JavaRDD<TextLine> lines, List<InputFile> files, RunReader reader) {
    Set<String> others =
        new HashSet<>(lines.mapPartitions(part -> firstOther(part, reader)).collect());
    List<String> names = files.stream().map(InputFile::name).toList();
    if (others.containsAll(names)) {
      return;
    }
    // A query of a file by both names: no qid holds a line break.
    Keyed<String, Ranks> ofFiles =
        Keyed.of(
                lines.filter(line -> !others.contains(line.file())),
                line -> line.file() + '\n' + line(line, reader).qid(),
                line -> Ranks.NONE.with(line(line, reader).rank()))
            .reduce(Ranks::with);
    Set<String> counting =
        counting(ofFiles.mapKeys(key -> key.substring(0, key.lastIndexOf('\n'))));
    Optional<String> first = names.stream().filter(counting::contains).findFirst();
    if (first.isEmpty() && others.isEmpty()) {
      String all = names.get(0);
      Keyed<String, Ranks> together =
          ofFiles.mapKeys(key -> key.substring(key.lastIndexOf('\n') + 1)).reduce(Ranks::with);
      first = counting(together.mapKeys(qid -> all)).stream().findFirst();
    }
    if (first.isPresent()) {
      throw reader.refusal(first.get());
    }
  }

  /** The file of a split, if one of its lines can be none that counts a rank. */
  private static Iterator<String> firstOther(Iterator<TextLine> split, RunReader reader) {
    while (split.hasNext()) {
      TextLine line = split.next();
      if (line(line, reader).rank() == 0) {
        return List.of(line.file()).iterator();
      }
    }
    return List.<String>of().iterator();
  }

  /**
   * The keys all of whose queries have the ranks 1 to n, with n above 1 somewhere.
   *
   * @param queries each query's ranks under the key that it belongs to
   */
  private static Set<String> counting(Keyed<String, Ranks> queries) {
    int none = 0;
    int single = 1;
    int several = 2;
    return new HashSet<>(
        queries
            .mapValues(ranks -> !ranks.areOneToN() ? none : ranks.size() == 1 ? single : several)
            .reduce((a, b) -> a == none || b == none ? none : Math.max(a, b))
            .filter((key, verdict) -> verdict == several)
            .keys()
            .collect());
  }
}
