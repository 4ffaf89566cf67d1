package dev.rankspark.cluster;

import dev.rankspark.DeviceException;
import dev.rankspark.model.BestHardware;
import dev.rankspark.model.DecoderConfig;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** The hardware of the executors, which the driver need not share. */
public final class ExecutorHardware {
  private ExecutorHardware() {}

  /**
   * Asks one executor what it has, so that all of them compute in the same dtype.
   *
   * @param device as of {@link Hardware#detect}
   * @param asked the dtype asked for; empty for the one that the device does best
   * @param config of the model to be computed
   * @throws DeviceException if the device or the dtype is not to be had there
   */
  public static Hardware probe(
      SparkSession spark, String device, Optional<Dtype> asked, DecoderConfig config) {
    return asked.isPresent()
        ? probe(spark, device, asked.get())
        : probe(
            spark,
            () ->
                BestHardware.detect(device, Optional.empty(), config, SparkTask.current().cpus()));
  }

  /**
   * Likewise, for a dtype that was asked for.
   *
   * @throws DeviceException likewise
   */
  public static Hardware probe(SparkSession spark, String device, Dtype asked) {
    return probe(spark, () -> Hardware.detect(device, asked));
  }

  private static Hardware probe(SparkSession spark, Probe probe) {
    spark.sparkContext().setJobDescription("rankspark: looks at an executor's device");
    return JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(List.of(1), 1)
        .map(ignored -> probe.look())
        .first();
  }

  private interface Probe extends Serializable {
    Hardware look();
  }
}
