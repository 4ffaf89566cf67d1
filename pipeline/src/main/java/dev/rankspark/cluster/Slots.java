package dev.rankspark.cluster;

import dev.rankspark.DeviceException;
import java.time.Duration;
import java.util.Locale;
import java.util.function.IntSupplier;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.resource.ResourceProfile;

/**
 * Whether a cluster can run all tasks of a barrier stage at once, asked before the stage starts:
 * Spark itself asks again every 15 seconds for ten minutes before it says no.
 */
public final class Slots {
  // Spark's own patience for executors that are about to register
  // (spark.scheduler.maxRegisteredResourcesWaitingTime).
  private static final String PATIENCE = "spark.scheduler.maxRegisteredResourcesWaitingTime";
  private static final String DEFAULT_PATIENCE = "30s";

  private Slots() {}

  /**
   * Checks that {@code --workers} tasks run at once. On a cluster it waits for executors that are
   * about to register, as long as Spark's scheduler does.
   *
   * @throws DeviceException saying how many tasks do, or that dynamic allocation is on
   */
  public static void check(SparkContext spark, int workers) {
    SparkConf conf = spark.conf();
    checkAllocation(conf, workers);
    ResourceProfile profile = spark.resourceProfileManager().defaultResourceProfile();
    IntSupplier count = () -> spark.maxNumConcurrentTasks(profile);
    Duration patience =
        spark.isLocal()
            ? Duration.ZERO
            : Duration.ofMillis(conf.getTimeAsMs(PATIENCE, DEFAULT_PATIENCE));
    int slots = await(count, workers, patience);
    if (slots < workers) {
      throw new DeviceException(
          spark.isLocal()
              ? tooFewLocally(workers, slots, spark.master())
              : tooFew(workers, slots, spark.getExecutorMemoryStatus().size() - 1, conf));
    }
  }

  /** A group of one is no barrier stage to speak of, but Spark refuses that too. */
  static void checkAllocation(SparkConf conf, int workers) {
    if (isDynamicAllocationEnabled(conf)) {
      throw new DeviceException(
          "--workers "
              + workers
              + ": training runs in a barrier stage, which Spark refuses under dynamic allocation;"
              + " submit with --conf spark.dynamicAllocation.enabled=false --num-executors "
              + workers);
    }
  }

  /** As Spark itself reads it; the function that does has other parameters in each Spark. */
  private static boolean isDynamicAllocationEnabled(SparkConf conf) {
    String master = conf.get("spark.master", "");
    boolean isLocal = master.equals("local") || master.startsWith("local[");
    return conf.getBoolean("spark.dynamicAllocation.enabled", false)
        && (!isLocal || conf.getBoolean("spark.dynamicAllocation.testing", false));
  }

  /**
   * Waits until there are so many slots, or the patience is over.
   *
   * @return the slots there are
   */
  static int await(IntSupplier slots, int workers, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    int count = slots.getAsInt();
    while (count < workers && System.nanoTime() < end) {
      try {
        Thread.sleep(200);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return count;
      }
      count = slots.getAsInt();
    }
    return count;
  }

  private static String tooFewLocally(int workers, int slots, String master) {
    return String.format(
        Locale.ROOT,
        "--workers %d: this Spark (%s) runs %s at once; ask for at most %d, or start it with"
            + " --master local[%d]",
        workers,
        master,
        tasks(slots),
        slots,
        workers);
  }

  static String tooFew(int workers, int slots, int executors, SparkConf conf) {
    return String.format(
        Locale.ROOT,
        "--workers %d: the cluster runs %s at once (%s, spark.executor.cores %s, spark.task.cpus"
            + " %s); %s more executors or cores, or fewer CPUs or GPUs per task",
        workers,
        tasks(slots),
        executors == 1 ? "1 executor" : executors + " executors",
        conf.get("spark.executor.cores", "not set"),
        conf.get("spark.task.cpus", "1"),
        slots == 0
            ? "give it"
            : "ask for at most " + slots + (slots == 1 ? " worker" : " workers") + ", or give it");
  }

  private static String tasks(int slots) {
    return slots == 1 ? "1 task" : slots + " tasks";
  }
}
