package dev.rankspark.cluster;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What the attempts at the partitions of a stage have counted: of each partition what the attempt
 * counted that is furthest, so that none is counted twice where Spark runs a task again, or beside
 * itself. What an attempt counted that failed is gone: it is done again.
 */
final class Attempts {
  /** In the place of a task's number: a partition that is done. */
  private static final long DONE = -1;

  private final double[] total;

  /** By partition, then by task. */
  private final Map<Long, Map<Long, double[]>> counted = new HashMap<>();

  private final Map<Long, Long> partitionOfTask = new HashMap<>();

  /** An executor may tell of a task that the driver has seen end already. */
  private final Set<Long> ended = new HashSet<>();

  /**
   * @param numbers how many an attempt has
   */
  Attempts(int numbers) {
    total = new double[numbers];
  }

  /**
   * A task begins.
   *
   * @param task Spark's number of the attempt
   */
  void begins(long task, int stage, int partition) {
    partitionOfTask.put(task, ((long) stage << 32) | partition);
  }

  /** What a task has counted so far. */
  void runs(long task, double[] numbers) {
    if (!ended.contains(task) && partitionOfTask.containsKey(task)) {
      put(partitionOfTask.get(task), task, numbers);
    }
  }

  /** A task failed, or was not needed any more. */
  void failed(long task) {
    ended.add(task);
    Long partition = partitionOfTask.remove(task);
    if (partition != null) {
      put(partition, task, null);
    }
  }

  /** A task succeeded. */
  void succeeded(long task, double[] numbers) {
    Long partition = partitionOfTask.get(task);
    if (partition != null) {
      put(partition, DONE, numbers);
    }
    failed(task);
  }

  private void put(long partition, long task, double[] numbers) {
    Map<Long, double[]> attempts = counted.computeIfAbsent(partition, key -> new HashMap<>());
    add(most(attempts), -1);
    if (numbers == null) {
      attempts.remove(task);
    } else if (task == DONE) {
      attempts.merge(task, numbers, Attempts::most); // Spark counts nothing of a second success
    } else {
      attempts.put(task, numbers);
    }
    add(most(attempts), 1);
  }

  private void add(double[] numbers, int sign) {
    for (int i = 0; i < total.length; i++) {
      total[i] += sign * numbers[i];
    }
  }

  private double[] most(Map<Long, double[]> attempts) {
    return attempts.values().stream().reduce(new double[total.length], Attempts::most);
  }

  private static double[] most(double[] some, double[] others) {
    double[] most = some.clone();
    Arrays.setAll(most, i -> Math.max(some[i], others[i]));
    return most;
  }

  /** The sums over all partitions. */
  double[] total() {
    return total.clone();
  }
}
