package dev.rankspark.cluster;

import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Hadoop's settings on their way from the driver to the executors, whose own lack what the command
 * line said of Hadoop.
 */
public final class HadoopSettings implements Serializable {
  private static final long serialVersionUID = 1L;

  private final SerializableConfiguration settings;

  /** Those of the driver, as they are now. */
  public HadoopSettings(Configuration settings) {
    this.settings = new SerializableConfiguration(settings);
  }

  public Configuration value() {
    return settings.value();
  }

  /** Those that this process's Spark was given, on the driver or on an executor. */
  public static Configuration here() {
    SparkEnv env = SparkEnv.get();
    return env == null
        ? SparkHadoopUtil.get().conf()
        : SparkHadoopUtil.get().newConfiguration(env.conf());
  }

  /**
   * Those that a session has, with what Spark's name ({@code spark.hadoop.*}, credentials among
   * them) and its environment; where there is no session, none is started: {@code spark-submit}
   * leaves its settings as system properties.
   */
  public static Configuration ofDriver() {
    return Sessions.running()
        .map(SparkSession::sparkContext)
        .map(spark -> spark.hadoopConfiguration())
        .orElseGet(() -> SparkHadoopUtil.get().newConfiguration(new SparkConf()));
  }
}
