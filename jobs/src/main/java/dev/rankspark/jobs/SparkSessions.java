package dev.rankspark.jobs;

import java.util.function.Function;
import org.apache.spark.sql.SparkSession;

/**
 * The Spark session of a command: the one that is there, or one that lives as long as the command.
 */
final class SparkSessions {
  private SparkSessions() {}

  /**
   * Runs a job under a session; master and settings come from {@code spark-submit}, or are local.
   */
  static <T> T with(String name, Function<SparkSession, T> job) {
    boolean ours = SparkSession.getDefaultSession().isEmpty();
    SparkSession.Builder builder = SparkSession.builder().appName("rankspark " + name);
    if (System.getProperty("spark.master") == null) {
      builder.master("local[*]");
    }
    SparkSession spark = builder.getOrCreate();
    try {
      return job.apply(spark);
    } finally {
      spark.sparkContext().setJobDescription(null);
      if (ours) {
        spark.stop();
      }
    }
  }
}
