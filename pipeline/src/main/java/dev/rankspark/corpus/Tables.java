package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import dev.rankspark.InputException;
import dev.rankspark.files.Glob;
import dev.rankspark.files.InputFiles.InputFile;
import dev.rankspark.files.LocalFiles;
import dev.rankspark.files.Shown;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.paths.SparkPath;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;

/** Parquet files as one table, whatever a cluster's settings say. */
public final class Tables {
  /** Bits of a position that hold the row in a file, as many as a line's offset has. */
  private static final int ROW_BITS = 44;

  private Tables() {}

  /** A column's name as SQL reads it, whatever is in it. */
  public static String quoted(String column) {
    return "`" + column.replace("`", "``") + "`";
  }

  /** A reader of exactly the files that are named. */
  static DataFrameReader reader(SparkSession spark) {
    return spark
        .read()
        // A name with brackets is no glob: they are resolved already.
        .option("__globPaths__", "false")
        // Or the columns would be those of any one of the files.
        .option("mergeSchema", "true")
        .option("ignoreCorruptFiles", "false")
        .option("ignoreMissingFiles", "false")
        .option("recursiveFileLookup", "false");
  }

  /** All rows of all files. */
  static Dataset<Row> read(SparkSession spark, List<InputFile> files) {
    for (InputFile file : files) {
      if (!Glob.isVisible(file.path().getName())) {
        throw InputException.of(
            "%s: Spark reads no Parquet file whose name begins with . or _; rename it",
            file.name());
      }
    }
    boolean hasColon = files.stream().anyMatch(file -> file.path().getName().contains(":"));
    return reader(spark)
        .options(hasColon ? LocalFiles.settings() : Map.of())
        .parquet(files.stream().map(file -> file.path().toString()).toArray(String[]::new));
  }

  /** A column of {@link #position}, of a name that no table has. */
  static final String POSITION = "rankspark position";

  /**
   * Orders the rows as the files stand in the list and the rows in them. Spark itself begins with
   * the largest files, and cuts them as the cluster's settings say.
   */
  static Column position(List<InputFile> files) {
    Map<String, Integer> numbers = new HashMap<>();
    files.forEach(file -> numbers.put(file.path().toString(), numbers.size()));
    UDF2<String, Long, Long> position =
        (file, row) -> ((long) numbers.get(address(file)) << ROW_BITS) | row;
    return udf(position, DataTypes.LongType)
        .apply(col("_metadata.file_path"), col("_metadata.row_index"));
  }

  /** A file's address without the encoding that Spark's metadata have. */
  static String address(String encoded) {
    return SparkPath.fromUrlString(encoded).toPath().toString();
  }

  /** Likewise, for messages. */
  static String shown(String encoded) {
    return Shown.path(SparkPath.fromUrlString(encoded).toPath());
  }
}
