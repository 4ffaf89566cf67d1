package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.row_number;

import dev.rankspark.corpus.InputFiles.InputFile;
import dev.rankspark.run.RunLine;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;

/**
 * Run files of a first stage, as {@code read_result} of Tevatron's {@code prepare_rerank_input.py}
 * reads them.
 */
final class RunFiles {
  private RunFiles() {}

  /** The first {@code depth} lines of each query. */
  static Dataset<Row> read(SparkSession spark, InputPaths paths, int depth) {
    List<InputFile> files = InputFiles.resolve(paths, spark.sparkContext().hadoopConfiguration());
    JavaRDD<Row> rows =
        TextLines.read(spark, files)
            .map(
                line -> {
                  RunLine run = RunLine.parse(line.text(), line::where);
                  return RowFactory.create(line.position(), run.qid(), run.docid(), run.score());
                });
    String rank = "rank";
    return spark
        .createDataFrame(rows, Pairs.RUN)
        .withColumn(rank, row_number().over(Window.partitionBy(Pairs.QID).orderBy(Pairs.POSITION)))
        .where(col(rank).leq(depth))
        .drop(rank);
  }
}
