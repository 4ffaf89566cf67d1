package dev.rankspark.cluster;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.distributed.Meeting;
import dev.rankspark.distributed.StoppedByOtherException;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;

/** One task of a {@link BarrierStage}; its rank is its partition. */
public final class BarrierTask implements Meeting {
  private static final String SAID = "+";
  private static final String STOPPED = "-";

  private final BarrierTaskContext task;
  private final SparkTask resources;

  private BarrierTask(BarrierTaskContext task) {
    this.task = task;
    this.resources = new SparkTask(task);
  }

  /** The task of the calling thread. */
  public static BarrierTask current() {
    return new BarrierTask(BarrierTaskContext.get());
  }

  @Override
  public int rank() {
    return task.partitionId();
  }

  @Override
  public int size() {
    return task.getTaskInfos().length;
  }

  /** As {@link SparkTask#gpu}. */
  public Optional<String> gpu() {
    return resources.gpu();
  }

  /** The executor's cores by the tasks that share it. */
  public int threads() {
    String[] addresses =
        Arrays.stream(task.getTaskInfos()).map(info -> info.address()).toArray(String[]::new);
    String own = addresses[task.partitionId()];
    int here = (int) Arrays.stream(addresses).filter(own::equals).count();
    return Math.max(task.cpus(), resources.executorCores() / here);
  }

  /** Spark would let the others wait for a task that has ended: so one that stops tells them. */
  @Override
  public String[] exchange(Supplier<String> own) {
    String word;
    try {
      word = own.get();
    } catch (InputException | DeviceException e) {
      task.allGather(STOPPED);
      throw e;
    }
    String[] words = task.allGather(SAID + word);
    if (Arrays.asList(words).contains(STOPPED)) {
      throw new StoppedByOtherException("before the first step");
    }
    return Arrays.stream(words).map(said -> said.substring(SAID.length())).toArray(String[]::new);
  }

  /**
   * By which other executors reach this one: they read its shuffle blocks there, so it is right
   * wherever Spark itself works (YARN's and Kubernetes' names, {@code SPARK_LOCAL_IP}).
   */
  @Override
  public String ownHost() {
    String host = SparkEnv.get().blockManager().blockManagerId().host();
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host; // [::1]
  }
}
