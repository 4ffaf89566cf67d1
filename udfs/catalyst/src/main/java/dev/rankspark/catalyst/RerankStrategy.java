package dev.rankspark.catalyst;

import java.util.List;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.SparkStrategy;
import scala.collection.Seq;

/** Plans {@link RerankPairs}. */
final class RerankStrategy extends SparkStrategy {
  private static final long serialVersionUID = 1L;

  @Override
  public Seq<SparkPlan> apply(LogicalPlan plan) {
    return plan instanceof RerankPairs pairs
        ? Scala.list(
            new RerankPairsExec(
                pairs.call(), pairs.result(), pairs.isByQuery(), planLater(pairs.child())))
        : Scala.list(List.<SparkPlan>of());
  }
}
