package dev.rankspark.udfs;

import dev.rankspark.cluster.SparkVersion;
import org.apache.spark.sql.SparkSessionExtensions;
import scala.runtime.AbstractFunction1;
import scala.runtime.BoxedUnit;

/**
 * The SQL functions for all sessions of a Spark, those of Spark Connect among them:
 *
 * <pre>{@code
 * spark.sql.extensions=dev.rankspark.udfs.RankSparkExtensions
 * spark.rankspark.modelNameOrPath=castorini/rankllama-v1-7b-lora-passage
 * }</pre>
 */
public final class RankSparkExtensions
    extends AbstractFunction1<SparkSessionExtensions, BoxedUnit> {
  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    SparkVersion.check();
    SqlSurface.ofThisScala().addTo(extensions);
    return BoxedUnit.UNIT;
  }
}
