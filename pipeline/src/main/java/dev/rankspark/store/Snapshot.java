package dev.rankspark.store;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;

import dev.rankspark.files.LocalFiles;
import dev.rankspark.store.Manifest.ScoreFile;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The scores of some commits, which stay as they are whatever is committed later. */
public final class Snapshot {
  /** Columns of a score's key. */
  public static final List<String> KEY =
      List.of(ScoreFileWriter.HIGH, ScoreFileWriter.LOW, ScoreFileWriter.LENGTH);

  /** The score's column. */
  public static final String SCORE = "stored_score";

  static final StructType FILE =
      new StructType()
          .add(ScoreFileWriter.HIGH, DataTypes.LongType, false)
          .add(ScoreFileWriter.LOW, DataTypes.LongType, false)
          .add(ScoreFileWriter.LENGTH, DataTypes.IntegerType, false)
          .add(ScoreFileWriter.SCORE, DataTypes.FloatType, false)
          .add(ScoreFileWriter.DAY, DataTypes.IntegerType, false);

  /** No scores. */
  public static final Snapshot EMPTY = new Snapshot(null, List.of());

  private final StoreFolder folder; // null for no scores
  private final List<Manifest> manifests;

  Snapshot(StoreFolder folder, List<Manifest> manifests) {
    this.folder = folder;
    this.manifests = List.copyOf(manifests);
  }

  List<Manifest> manifests() {
    return manifests;
  }

  List<String> ids() {
    return manifests.stream().map(Manifest::id).toList();
  }

  /** How many scores, those that two runs computed counted twice. */
  public long rows() {
    return manifests.stream().mapToLong(Manifest::rows).sum();
  }

  /** How many files they are in. */
  public int files() {
    return manifests.stream().mapToInt(manifest -> manifest.files().size()).sum();
  }

  /** When the last of them was committed, as {@link java.time.Instant} prints it; "" for none. */
  public String newest() {
    return manifests.stream().map(Manifest::created).max(String::compareTo).orElse("");
  }

  /**
   * Rows of {@link #KEY} and {@link #SCORE}, one a key. Where two runs computed the same pair at
   * once, in other batches, their last bits may differ: the larger is taken, whatever the order of
   * files and whether they were compacted.
   */
  public Dataset<Row> read(SparkSession spark) {
    Dataset<Row> rows = rows(spark);
    return rows.groupBy(KEY.stream().map(rows::col).toArray(org.apache.spark.sql.Column[]::new))
        .agg(max(col(ScoreFileWriter.SCORE)).as(SCORE));
  }

  private Dataset<Row> rows(SparkSession spark) {
    return rows(
        spark, folder, manifests.stream().flatMap(manifest -> manifest.files().stream()).toList());
  }

  /** The rows of files, as they are. */
  static Dataset<Row> rows(SparkSession spark, StoreFolder folder, List<ScoreFile> files) {
    String[] paths =
        files.stream()
            .map(file -> folder.file(file.name()).toString())
            .distinct()
            .toArray(String[]::new);
    return paths.length == 0
        ? spark.createDataFrame(List.of(), FILE)
        : spark
            .read()
            .schema(FILE)
            // Whatever a cluster's settings say; a name with brackets is no glob.
            .option("__globPaths__", "false")
            .option("ignoreCorruptFiles", "false")
            .option("ignoreMissingFiles", "false")
            .options(folder.toString().contains(":") ? LocalFiles.settings() : Map.of())
            .option("parquet.page.verify-checksum.enabled", true)
            .parquet(paths);
  }
}
