package dev.rankspark.cluster;

import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.util.TaskCompletionListener;

/** The Spark task that runs on this thread: what it and its executor have to compute with. */
public final class SparkTask {
  private final TaskContext task;

  SparkTask(TaskContext task) {
    this.task = task;
  }

  /** The task of the calling thread. */
  public static SparkTask current() {
    return new SparkTask(TaskContext.get());
  }

  /**
   * The address of the GPU that Spark's scheduler gave this task, if it schedules GPUs: as the
   * discovery script printed it, a number or a UUID.
   */
  public Optional<String> gpu() {
    ResourceInformation gpus = task.resourcesJMap().get("gpu");
    return gpus == null || gpus.addresses().length == 0
        ? Optional.empty()
        : Optional.of(gpus.addresses()[0]);
  }

  /** The task's cores ({@code spark.task.cpus}). */
  public int cpus() {
    return task.cpus();
  }

  /**
   * The cores of the task's executor as far as the configuration says, at least the task's own.
   * Where the driver is the executor, the master's address says them.
   */
  public int executorCores() {
    return Math.max(task.cpus(), executorCores(SparkEnv.get().conf()));
  }

  private static int executorCores(SparkConf conf) {
    String master = conf.get("spark.master", "");
    if (master.matches("local\\[\\d+.*")) {
      return Integer.parseInt(master.replaceAll("local\\[(\\d+).*", "$1"));
    }
    if (master.startsWith("local[*")) {
      return Runtime.getRuntime().availableProcessors();
    }
    return conf.getInt("spark.executor.cores", 1);
  }

  /** Spark's id of the executor that runs it. */
  public String executorId() {
    return SparkEnv.get().executorId();
  }

  /**
   * Runs an action however the task ends: Spark need not read a task's rows to their end. The last
   * one added runs first.
   */
  public void onCompletion(Runnable action) {
    TaskCompletionListener listener = context -> action.run();
    task.addTaskCompletionListener(listener);
  }
}
