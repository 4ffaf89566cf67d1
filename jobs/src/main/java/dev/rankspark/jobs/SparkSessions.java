package dev.rankspark.jobs;

import dev.rankspark.cluster.Sessions;
import dev.rankspark.cluster.SqlSettings;
import dev.rankspark.files.NativeFolders;
import java.nio.file.Path;
import java.util.Map;
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

  /** How often an executor tells the driver what its tasks have counted. */
  private static final String HEARTBEAT = "spark.executor.heartbeatInterval";

  /** Whether a task waits for the machine where most of its texts were written. */
  private static final String LOCALITY = "spark.shuffle.reduceLocality.enabled";

  private static final String MASTER = "spark.master";

  private SparkSessions() {}

  /**
   * Runs a job under a session; master and settings come from {@code spark-submit}, or are local.
   */
  static <T> T with(String name, Function<SparkSession, T> job) {
    return with(name, Map.of(), job);
  }

  /**
   * Likewise.
   *
   * @param settings of Spark, for a session that is not there yet
   */
  static <T> T with(String name, Map<String, String> settings, Function<SparkSession, T> job) {
    Optional<SparkSession> existing = Sessions.running();
    SparkSession spark = existing.orElseGet(() -> start(name, settings));
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

  private static SparkSession start(String name, Map<String, String> settings) {
    SparkSession.Builder builder = SparkSession.builder().appName("rankspark " + name);
    settings.forEach(builder::config);
    String master = System.getProperty(MASTER, "local[*]");
    builder.config(MASTER, master);
    // Spark's own bars lie over ours, in logs too.
    builder.config("spark.ui.showConsoleProgress", "false");
    if (master.matches("local(\\[[^-]*)?") && System.getProperty(HEARTBEAT) == null) {
      // Within this process it costs nothing; on a cluster the driver hears of all executors. The
      // wait for an answer is as short: so many may fail before Spark gives up, as in ten minutes.
      builder.config(HEARTBEAT, "2s").config("spark.executor.heartbeat.maxFailures", "300");
    }
    if (System.getProperty(LOCALITY) == null) {
      // Of a small input one machine has all texts: the others would have no pair to score as long
      // as that one ends a task within spark.locality.wait.
      builder.config(LOCALITY, "false");
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
