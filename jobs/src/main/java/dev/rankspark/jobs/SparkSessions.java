package dev.rankspark.jobs;

import java.util.function.Function;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/**
 * The Spark session of a command: the one that is there, or one that lives as long as the command.
 */
final class SparkSessions {
  private SparkSessions() {}

  /**
   * Runs a job under a session; master and settings come from {@code spark-submit}, or are local.
   */
  static <T> T with(String name, Function<SparkSession, T> job) {
    Option<SparkSession> existing = SparkSession.getDefaultSession();
    SparkSession spark = existing.isDefined() ? existing.get() : start(name);
    try {
      return job.apply(spark);
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
    return builder.getOrCreate();
  }
}
