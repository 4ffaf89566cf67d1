package dev.rankspark.cluster;

import dev.rankspark.progress.Progress;
import java.util.Map;
import java.util.WeakHashMap;
import org.apache.spark.SparkContext;
import org.apache.spark.metrics.source.LongAccumulatorSource$;
import org.apache.spark.util.LongAccumulator;
import scala.collection.immutable.Map.Map1;
import scala.collection.immutable.Map.Map4;

/**
 * How far the job of an application is, among the metrics of its driver: gauges of Spark's {@code
 * AccumulatorSource}, which sinks such as Prometheus' and JMX read at any time. There is one set of
 * them for each application, as a name can be registered once.
 */
final class JobMetrics {
  private static final Map<SparkContext, JobMetrics> OF_APPLICATION = new WeakHashMap<>();

  private final LongAccumulator pairs = new LongAccumulator();
  private final LongAccumulator pairsDone = new LongAccumulator();
  private final LongAccumulator tokens = new LongAccumulator();
  private final LongAccumulator cut = new LongAccumulator();
  private final LongAccumulator steps = new LongAccumulator();
  private final LongAccumulator stepsDone = new LongAccumulator();
  private final LongAccumulator modelBytes = new LongAccumulator();
  private final LongAccumulator modelBytesLoaded = new LongAccumulator();
  private final LongAccumulator pairsReused = new LongAccumulator();

  private JobMetrics(SparkContext spark) {
    // Scala's small maps are made alike in 2.12 and 2.13.
    LongAccumulatorSource$.MODULE$.register(
        spark,
        new Map4<>(
            "rankspark.pairs",
            pairs,
            "rankspark.pairsDone",
            pairsDone,
            "rankspark.tokens",
            tokens,
            "rankspark.textsCut",
            cut));
    LongAccumulatorSource$.MODULE$.register(
        spark,
        new Map4<>(
            "rankspark.steps",
            steps,
            "rankspark.stepsDone",
            stepsDone,
            "rankspark.modelBytes",
            modelBytes,
            "rankspark.modelBytesLoaded",
            modelBytesLoaded));
    LongAccumulatorSource$.MODULE$.register(
        spark, new Map1<>("rankspark.pairsReused", pairsReused));
  }

  static JobMetrics of(SparkContext spark) {
    synchronized (OF_APPLICATION) {
      return OF_APPLICATION.computeIfAbsent(spark, JobMetrics::new);
    }
  }

  /** Shows where a job is; another job's numbers go. */
  synchronized void show(Progress now) {
    if (now instanceof Progress.Scoring scoring) {
      set(scoring.done(), pairsDone, scoring.all(), pairs);
      set(scoring.tokens(), tokens, scoring.cut(), cut);
      set(0, stepsDone, 0, steps);
    } else if (now instanceof Progress.Training training) {
      set(training.done(), pairsDone, training.all(), pairs);
      set(0, tokens, 0, cut);
      set(training.step(), stepsDone, training.steps(), steps);
    } else if (now instanceof Progress.Bytes loading) {
      set(loading.done(), modelBytesLoaded, loading.all(), modelBytes);
    }
  }

  /** Shows how many scores a store had. */
  synchronized void showReused(long pairs) {
    pairsReused.add(pairs - pairsReused.value());
  }

  private static void set(
      long done, LongAccumulator doneGauge, long all, LongAccumulator allGauge) {
    allGauge.add(all - allGauge.value());
    doneGauge.add(done - doneGauge.value());
  }
}
