package dev.rankspark.jobs;

import dev.rankspark.NativeFolders;
import dev.rankspark.corpus.SqlSettings;
import java.nio.file.Path;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import scala.Option;

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
    Option<SparkSession> existing = SparkSession.getDefaultSession();
    SparkSession spark = existing.isDefined() ? existing.get() : start(name);
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

  /**
   * Hadoop's settings as a session has them, with those that Spark's name ({@code spark.hadoop.*},
   * credentials among them) and its environment; for commands that need no session, for which none
   * is started: {@code spark-submit} leaves its settings as system properties.
   */
  static Configuration hadoop() {
    Option<SparkSession> existing = SparkSession.getDefaultSession();
    return existing.isDefined()
        ? existing.get().sparkContext().hadoopConfiguration()
        : SparkHadoopUtil.get().newConfiguration(new SparkConf());
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
