package dev.rankspark.distributed;

import java.time.Duration;
import java.util.Optional;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;

/**
 * How the tasks of a barrier stage become a {@link ProcessGroup}; a task's rank is its partition.
 */
public final class Rendezvous {
  private Rendezvous() {}

  /**
   * Joins the group of all tasks of this stage. Each task calls it once, from its own thread.
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
    Optional<StoreServer> store =
        rank == 0 ? Optional.of(StoreServer.open(ownHost, 0, timeout)) : Optional.empty();
    String storeHost;
    int storePort;
    try {
      String[] first = task.allGather(address(ownHost, store))[0].split(" ", 2);
      storeHost = first[0];
      storePort = Integer.parseInt(first[1]);
    } catch (RuntimeException e) {
      store.ifPresent(StoreServer::close);
      throw e;
    }
    return ProcessGroup.join(
        new Member(rank, size, ownHost, storeHost, storePort), store, backend, timeout);
  }

  private static String address(String host, Optional<StoreServer> store) {
    return store.map(open -> host + " " + open.port()).orElse(host);
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
