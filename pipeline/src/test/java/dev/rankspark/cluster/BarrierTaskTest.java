package dev.rankspark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.rankspark.InputException;
import dev.rankspark.distributed.Backend;
import dev.rankspark.distributed.ProcessGroup;
import dev.rankspark.distributed.Rendezvous;
import dev.rankspark.distributed.StoppedByOtherException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BarrierTaskTest {
  /** Executors of their own processes are the concern of the cluster's tests in jobs. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void theTasksOfABarrierStageSumTogether(int workers) {
    assertThat(run(workers, numbers -> sum(numbers.next())))
        .containsExactlyInAnyOrderElementsOf(
            workers == 1
                ? List.of("rank 0 of 1: 10.0")
                : List.of("rank 0 of 2: 110.0", "rank 1 of 2: 110.0"));
  }

  @Test
  void aTaskThatCannotSayItsWordStopsTheOther() {
    assertThat(run(2, numbers -> exchange(numbers.next(), 0)))
        .containsExactly("[10, 100]", "[10, 100]");
    assertThat(run(2, numbers -> exchange(numbers.next(), 100)))
        .containsExactlyInAnyOrder("before the first step: another worker stopped", "no disk");
  }

  private static List<String> run(int workers, BarrierStage.Work<Integer> work) {
    try (SparkSession spark =
        SparkSession.builder().master("local[2]").config("spark.ui.enabled", false).getOrCreate()) {
      JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
      Slots.check(spark.sparkContext(), workers);
      return BarrierStage.run(
          context.parallelize(List.of(10, 100).subList(0, workers), workers), work);
    }
  }

  private static String exchange(int number, int fails) {
    try {
      return Arrays.toString(
          BarrierTask.current()
              .exchange(
                  () -> {
                    if (number == fails) {
                      throw InputException.of("no disk");
                    }
                    return String.valueOf(number);
                  }));
    } catch (InputException | StoppedByOtherException e) {
      return e.getMessage();
    }
  }

  private static String sum(int number) {
    try (ProcessGroup group =
            Rendezvous.join(BarrierTask.current(), Backend.GLOO, Duration.ofMinutes(2));
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray array = manager.full(new Shape(1_000), number, DataType.FLOAT32);
      group.allReduceSum(array);
      return "rank " + group.rank() + " of " + group.size() + ": " + array.getFloat(999);
    }
  }
}
