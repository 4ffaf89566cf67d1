package dev.rankspark.cluster;

import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.RuntimeConfig;
import org.apache.spark.sql.SparkSession;
import scala.Option;
import scala.Tuple2;
import scala.collection.JavaConverters;

/**
 * Spark SQL's settings as our jobs have them: Spark's defaults, whatever a cluster or a notebook
 * set for its own queries (case of columns, ANSI casts, time zones, legacy ways). What decides how
 * fast and where to, but not what, stays as it was set.
 */
public final class SqlSettings {
  private static final String SQL = "spark.sql.";

  private static final String PARTITIONS = "spark.sql.shuffle.partitions";

  /** Spark's own number, for tables of any size on clusters of any size. */
  private static final int SPARKS_PARTITIONS = 200;

  /** Enough for what one machine reranks, as in {@code conf/spark-defaults-local.conf}. */
  private static final int FEW_PARTITIONS = 8;

  private static final Pattern KEPT =
      Pattern.compile(
          "spark\\.sql\\.(shuffle\\.partitions|adaptive\\..*|autoBroadcastJoinThreshold"
              + "|broadcastTimeout|join\\..*|codegen\\..*|catalog.*|warehouse\\..*|ui\\..*"
              + "|files\\.(maxPartitionBytes|openCostInBytes|minPartitionNum|maxPartitionNum)"
              + "|sources\\.(commitProtocolClass|outputCommitterClass|parallelPartitionDiscovery.*)"
              + "|parquet\\.output\\.committer\\.class|inMemoryColumnarStorage\\..*"
              + "|(window|sortMergeJoin|cartesianProduct)Exec\\..*)");

  private SqlSettings() {}

  /** Runs a job under a session of its own on the same Spark. */
  public static <T> T with(SparkSession spark, Function<SparkSession, T> job) {
    SparkSession ours = spark.newSession();
    RuntimeConfig settings = ours.conf();
    JavaConverters.asJavaIterable(settings.getAll())
        .forEach(
            setting -> {
              if (isTheirs(setting._1()) && settings.isModifiable(setting._1())) {
                settings.unset(setting._1());
              }
            });
    for (Tuple2<String, String> setting : JavaConverters.asJavaIterable(spark.conf().getAll())) {
      String name = setting._1();
      // Not Spark's: credentials of file systems, which notebooks set so.
      if (!name.startsWith("spark.")
          || (name.startsWith(SQL) && !isTheirs(name) && settings.isModifiable(name))) {
        settings.set(name, setting._2());
      }
    }
    settings.set("spark.sql.caseSensitive", true); // as JSON's names are
    settings.set("spark.sql.ansi.enabled", false); // Spark 4 has it on
    settings.set("spark.sql.session.timeZone", "UTC");
    if (spark.sparkContext().isLocal() && !isSet(spark, PARTITIONS)) {
      settings.set(PARTITIONS, fewPartitions(spark.sparkContext()));
    }
    Option<SparkSession> active = SparkSession.getActiveSession();
    SparkSession.setActiveSession(ours); // columns are made under its settings
    try {
      return job.apply(ours);
    } finally {
      if (active.isDefined()) {
        SparkSession.setActiveSession(active.get());
      } else {
        SparkSession.clearActiveSession();
      }
    }
  }

  /**
   * Into how many partitions this session shuffles a table, where a call has to name the number.
   */
  public static int shufflePartitions(SparkSession spark) {
    return number(spark.conf().get(PARTITIONS));
  }

  /**
   * @param set a number or, on Databricks, {@code auto}
   */
  static int number(String set) {
    return set.matches("\\d+") ? Integer.parseInt(set) : SPARKS_PARTITIONS;
  }

  /** On one machine a task that has nothing to do costs more than a partition that is larger. */
  private static int fewPartitions(SparkContext spark) {
    return Math.min(SPARKS_PARTITIONS, Math.max(FEW_PARTITIONS, 2 * spark.defaultParallelism()));
  }

  private static boolean isSet(SparkSession spark, String name) {
    return spark.conf().getAll().contains(name);
  }

  private static boolean isTheirs(String name) {
    return name.startsWith(SQL) && !KEPT.matcher(name).matches();
  }
}
