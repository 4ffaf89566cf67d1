package dev.rankspark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class LateTasksTest {
  private static final CountDownLatch BOTH_RUN = new CountDownLatch(2);
  private static final AtomicBoolean IS_OVER = new AtomicBoolean();

  @Test
  void areOverOnceTheyWereAwaitedThoughTheirJobFailedBefore() {
    try (SparkSession spark =
        SparkSession.builder().master("local[2]").config("spark.ui.enabled", false).getOrCreate()) {
      JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
      assertThatThrownBy(
              () ->
                  context
                      .parallelize(List.of("fails", "is late"), 2)
                      .foreachPartition(task -> run(task.next())))
          .hasMessageContaining("at once");
      assertThat(IS_OVER).isFalse();

      LateTasks.await(spark.sparkContext(), Duration.ofMillis(1));
      assertThat(IS_OVER).as("beyond the patience").isFalse();
      LateTasks.await(spark.sparkContext(), Duration.ofMinutes(1));
      assertThat(IS_OVER).isTrue();
    }
  }

  private static void run(String task) throws InterruptedException {
    BOTH_RUN.countDown();
    BOTH_RUN.await();
    if (task.equals("fails")) {
      throw new IllegalStateException("at once");
    }
    Thread.sleep(2_000);
    IS_OVER.set(true);
  }
}
