package dev.rankspark.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.rankspark.distributed.ProcessGroup;

/** Numbers added up over all workers. */
final class Sums {
  private Sums() {}

  /** The sum of each worker's number; not finite if one of them is not. */
  static double of(ProcessGroup workers, NDArray beside, double number) {
    float[] one = {(float) number};
    if (workers.size() == 1) {
      return number;
    }
    add(workers, beside, one);
    return one[0];
  }

  /**
   * Replaces each number by the sum of the workers'.
   *
   * @param beside an array of the device that the workers sum on
   */
  static void add(ProcessGroup workers, NDArray beside, float[] numbers) {
    if (workers.size() > 1) {
      try (NDManager manager = beside.getManager().newSubManager()) {
        NDArray array = manager.create(numbers);
        workers.allReduceSum(array);
        System.arraycopy(array.toFloatArray(), 0, numbers, 0, numbers.length);
      }
    }
  }
}
