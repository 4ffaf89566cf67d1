package dev.rankspark.udfs;

import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionExtensions;

/**
 * The SQL functions as a Spark takes them. There is one for each Scala, for Catalyst's classes have
 * Scala's in their signatures.
 */
public interface SqlSurface {
  /** Adds the functions, and the rules that compute them by batches, to sessions that begin. */
  void addTo(SparkSessionExtensions extensions);

  /** Adds them to a session that is running. */
  void addTo(SparkSession spark);

  /** That of this process's Scala. */
  static SqlSurface ofThisScala() {
    String line = scala.util.Properties.versionNumberString().startsWith("2.12.") ? "" : "213";
    String name = "dev.rankspark.catalyst" + line + ".CatalystSurface";
    try {
      return Class.forName(name)
          .asSubclass(SqlSurface.class)
          .getDeclaredConstructor()
          .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(name + " is not in RankSpark's jar", e);
    }
  }
}
