package dev.rankspark.cluster;

import dev.rankspark.DeviceException;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
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
   * @throws DeviceException if the device or the dtype is not to be had there
   */
  public static Hardware probe(SparkSession spark, String device, Optional<Dtype> dtype) {
    spark.sparkContext().setJobDescription("Looking at an executor's device");
    Dtype asked = dtype.orElse(null); // an Optional cannot be sent
    return JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(List.of(1), 1)
        .map(ignored -> Hardware.detect(device, Optional.ofNullable(asked)))
        .first();
  }
}
