package dev.rankspark.distributed;

import java.util.OptionalInt;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/** What Spark gave a task and its executor to compute with. */
public final class TaskResources {
  private TaskResources() {}

  /** The GPU that Spark's scheduler gave this task, if it schedules GPUs. */
  public static OptionalInt gpu(TaskContext task) {
    ResourceInformation gpus = task.resourcesJMap().get("gpu");
    return gpus == null || gpus.addresses().length == 0
        ? OptionalInt.empty()
        : OptionalInt.of(Integer.parseInt(gpus.addresses()[0]));
  }

  /**
   * The cores of the task's executor as far as the configuration says, at least the task's own.
   * Where the driver is the executor, the master's address says them.
   */
  public static int executorCores(TaskContext task) {
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
}
