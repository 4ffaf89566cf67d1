package dev.rankspark.distributed;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;

/**
 * How the tasks of a barrier stage become a {@link ProcessGroup}; a task's rank is its partition.
 */
public final class Rendezvous {
  private static final String SAID = "+";
  private static final String STOPPED = "-";

  private Rendezvous() {}

  /**
   * What every task of this stage says, by rank. Spark would let the others wait for a task that
   * has ended; so one that cannot say its word tells them, and all stop. Each task calls it, from
   * its own thread.
   *
   * @param own gives this task's word
   * @throws InputException if {@code own} does; likewise a {@link DeviceException}
   * @throws StoppedByOtherException if another task's does
   */
  public static String[] exchange(BarrierTaskContext task, Supplier<String> own) {
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
   * Joins the group of all tasks of this stage. Each task calls it once, from its own thread.
   * Whether the library loads everywhere is seen before anybody waits for the others.
   *
   * @param timeout as of {@link ProcessGroup#join(Member, Backend, Duration)}
   */
  public static ProcessGroup join(BarrierTaskContext task, Backend backend, Duration timeout) {
    int rank = task.partitionId();
    int size = task.getTaskInfos().length;
    if (size == 1) {
      return ProcessGroup.join(Member.alone(), backend, timeout);
    }
    String ownHost = ownHost();
    AtomicReference<StoreServer> store = new AtomicReference<>();
    String[] words;
    try {
      words =
          exchange(
              task,
              () -> {
                ProcessGroupLibrary.load();
                if (rank != 0) {
                  return ownHost;
                }
                store.set(StoreServer.open(ownHost, 0, timeout));
                return ownHost + " " + store.get().port();
              });
    } catch (RuntimeException e) {
      if (store.get() != null) {
        store.get().close();
      }
      throw e;
    }
    String[] address = words[0].split(" ", 2);
    return ProcessGroup.join(
        new Member(rank, size, ownHost, address[0], Integer.parseInt(address[1])),
        Optional.ofNullable(store.get()),
        backend,
        timeout);
  }

  /**
   * By which other executors reach this one: they read its shuffle blocks there, so it is right
   * wherever Spark itself works (YARN's and Kubernetes' names, {@code SPARK_LOCAL_IP}).
   */
  private static String ownHost() {
    String host = SparkEnv.get().blockManager().blockManagerId().host();
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host; // [::1]
  }
}
