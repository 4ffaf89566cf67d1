package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import dev.rankspark.run.Ids;
import org.apache.hadoop.fs.Path;
import org.apache.spark.paths.SparkPath;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.DataTypes;

/** The ids of a Parquet table, which has no lines to name: an error names file, row and id. */
final class TableIds {
  private TableIds() {}

  /**
   * The table with a column of ids as text.
   *
   * @param table as it was read, so that Spark knows the files of its rows
   */
  static Dataset<Row> checked(Dataset<Row> table, String column) {
    UDF3<String, String, Long, String> check =
        (id, file, index) -> checked(column, id, file, index);
    return table.withColumn(
        column,
        udf(check, DataTypes.StringType)
            .apply(
                col(column).cast(DataTypes.StringType),
                col("_metadata.file_path"),
                col("_metadata.row_index")));
  }

  private static String checked(String column, String id, String file, long index) {
    Ids.wrong(column, id)
        .ifPresent(
            message -> {
              Path path = SparkPath.fromUrlString(file).toPath();
              throw InputException.of("%s, row %d: %s", Shown.path(path), index + 1, message);
            });
    return id;
  }
}
