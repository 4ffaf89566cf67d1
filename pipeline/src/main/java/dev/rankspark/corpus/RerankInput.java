package dev.rankspark.corpus;

import dev.rankspark.InputException;
import dev.rankspark.cluster.Keyed;
import dev.rankspark.corpus.TextLines.TextLine;
import dev.rankspark.files.DataFormat;
import dev.rankspark.files.InputFiles;
import dev.rankspark.files.InputFiles.InputFile;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.OutputFile;
import dev.rankspark.files.OutputFile.IfExists;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;

/**
 * Tevatron's rerank input: JSON lines of {@code query_id, query, docid, title, text, score} and
 * whatever else the passages had.
 */
public final class RerankInput {
  private RerankInput() {}

  /**
   * Reads pairs: {@link Pairs#RERANK_INPUT} with {@link Pairs#QUERY_POSITION}.
   *
   * @param shard which of the input's lines
   */
  public static Dataset<Row> read(SparkSession spark, InputPaths paths, Shard shard) {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    List<InputFile> files = InputFiles.resolve(paths, hadoop);
    if (InputFiles.format(files, paths.option(), hadoop) != DataFormat.JSON_LINES) {
      throw InputException.of(
          "%s: %s: expected JSON lines (.jsonl, .json)", paths.option(), files.get(0).name());
    }
    spark.sparkContext().setJobDescription("rankspark: reads " + paths);
    JavaRDD<Row> rows =
        part(TextLines.readNonBlank(spark, files), shard)
            .map(JsonLine::parse)
            .map(
                json ->
                    RowFactory.create(
                        json.line().position(),
                        json.id(Pairs.QID),
                        json.required(Pairs.QUERY),
                        json.id(Pairs.DOCID),
                        json.orEmpty(Pairs.TITLE),
                        json.required(Pairs.TEXT),
                        json.numberOrNull(Pairs.FIRST_SCORE)));
    return Pairs.withQueryPosition(spark.createDataFrame(rows, Pairs.RERANK_INPUT));
  }

  private static JavaRDD<TextLine> part(JavaRDD<TextLine> lines, Shard shard) {
    if (shard.equals(Shard.ALL)) {
      return lines;
    }
    long all = lines.count();
    long first = shard.first(all);
    long end = shard.end(all);
    return Keyed.numbered(lines) // in the files' order: splits are numbered in it
        .filter((line, number) -> number >= first && number < end)
        .keys();
  }

  /**
   * Joins candidates and writes them as Tevatron's {@code prepare_rerank_input.py} does: the same
   * records, in the same order, byte for byte.
   *
   * @return what was found and what was left out
   */
  public static Candidates.Counts prepare(
      SparkSession spark, CandidateOptions options, String output, IfExists ifExists) {
    OutputFile.check(output, ifExists, spark.sparkContext().hadoopConfiguration());
    try (Asked asked = Asked.read(spark, options)) {
      spark
          .sparkContext()
          .setJobDescription("rankspark: looks up the passages of " + options.runs());
      Dataset<Row> passages = Texts.records(spark, options.corpus(), asked.docids());
      return PreparedLines.of(asked, Candidates.withPassages(asked, passages))
          .write(options, output, ifExists);
    }
  }
}
