package dev.rankspark.jobs;

import dev.rankspark.cluster.Sessions;
import dev.rankspark.cluster.SqlSettings;
import dev.rankspark.files.NativeFolders;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.apache.spark.sql.SparkSession;

/**
 * The Spark session of a command: the one that is there, or one that lives as long as the command;
 * and Hadoop's settings under it.
 */
final class SparkSessions {
  private static final String EXECUTORS_LOCALE = "spark.executorEnv.LC_ALL";

  private static final String LOCAL_FOLDER = "spark.local.dir";

  private SparkSessions() {}

  /**
   * Runs a job under a session; master and settings come from {@code spark-submit}, or are local.
   */
  static <T> T with(String name, Function<SparkSession, T> job) {
    Optional<SparkSession> existing = Sessions.running();
    SparkSession spark = existing.orElseGet(() -> start(name));
    try {
      Utf8.checkExecutors(spark);
      return SqlSettings.with(spark, job);
    } finally {
      spark.sparkContext().setJobDescription(null);
      if (existing.isEmpty()) {
        spark.stop();
      }
    }
  }

  private static SparkSession start(String name) {
    SparkSession.Builder builder = SparkSession.builder().appName("rankspark " + name);
    if (System.getProperty("spark.master") == null) {
      builder.master("local[*]");
    }
    Path temporary = NativeFolders.temporary();
    if (!temporary.equals(Path.of(System.getProperty("java.io.tmpdir")))
        && System.getProperty(LOCAL_FOLDER) == null) {
      builder.config(LOCAL_FOLDER, temporary.toString()); // Spark's own default has no room
    }
    if (System.getProperty(EXECUTORS_LOCALE) == null) {
      builder.config(EXECUTORS_LOCALE, Utf8.locale()); // they would have their worker's, or none
    }
    return builder.getOrCreate();
  }
}
