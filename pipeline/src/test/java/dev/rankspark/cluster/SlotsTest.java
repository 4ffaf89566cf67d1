package dev.rankspark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.DeviceException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class SlotsTest {
  @Test
  void moreWorkersThanTasksAtOnceAreRefusedAtOnce() {
    try (SparkSession spark =
        SparkSession.builder().master("local[2]").config("spark.ui.enabled", false).getOrCreate()) {
      assertThatCode(() -> Slots.check(spark.sparkContext(), 2)).doesNotThrowAnyException();
      assertThatThrownBy(() -> Slots.check(spark.sparkContext(), 4))
          .isInstanceOf(DeviceException.class)
          .hasMessage(
              "--workers 4: this Spark (local[2]) runs 2 tasks at once; ask for at most 2, or start"
                  + " it with --master local[4]");
    }
  }

  @Test
  void aClusterIsDescribedByWhatMakesItsSlots() {
    SparkConf conf = new SparkConf(false).set("spark.executor.cores", "4");

    assertThat(Slots.tooFew(4, 2, 2, conf.clone().set("spark.task.cpus", "4")))
        .isEqualTo(
            "--workers 4: the cluster runs 2 tasks at once (2 executors, spark.executor.cores 4,"
                + " spark.task.cpus 4); ask for at most 2 workers, or give it more executors or"
                + " cores, or fewer CPUs or GPUs per task");
    assertThat(Slots.tooFew(4, 0, 0, conf))
        .isEqualTo(
            "--workers 4: the cluster runs 0 tasks at once (0 executors, spark.executor.cores 4,"
                + " spark.task.cpus 1); give it more executors or cores, or fewer CPUs or GPUs per"
                + " task");
  }

  @Test
  void executorsThatAreStillRegisteringAreWaitedFor() {
    AtomicInteger registered = new AtomicInteger();

    assertThat(Slots.await(registered::getAndIncrement, 3, Duration.ofMinutes(2))).isEqualTo(3);
    assertThat(Slots.await(() -> 2, 3, Duration.ofMillis(10))).isEqualTo(2);
  }

  @Test
  void dynamicAllocationIsRefusedWhereSparkRefusesIt() {
    SparkConf conf =
        new SparkConf(false)
            .setMaster("spark://host:7077")
            .set("spark.dynamicAllocation.enabled", "true");

    assertThatThrownBy(() -> Slots.checkAllocation(conf, 4))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "--workers 4: training runs in a barrier stage, which Spark refuses under dynamic"
                + " allocation; submit with --conf spark.dynamicAllocation.enabled=false"
                + " --num-executors 4");
    // which has no effect on local masters
    assertThatCode(() -> Slots.checkAllocation(conf.clone().setMaster("local[2]"), 2))
        .doesNotThrowAnyException();
  }
}
