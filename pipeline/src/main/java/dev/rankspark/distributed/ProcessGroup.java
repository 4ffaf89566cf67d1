package dev.rankspark.distributed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import dev.rankspark.DeviceException;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * Workers that sum arrays over all of them. Each calls the same methods with arrays of the same
 * shape in the same order. It is closed however the work ends: the others learn of it by its
 * connections, so a member that fails elsewhere is noticed as soon as it leaves.
 *
 * <p>The sums are equal to the last bit on all members and from run to run: each element is added
 * up in one place, in the order of the ranks around a ring, and then copied.
 */
public final class ProcessGroup implements AutoCloseable {
  // 16 MiB: Gloo's two threads then add one bucket while another travels. 80 MB between two
  // processes on two cores took 55-105 ms, as one piece 63-157 ms, in buckets of 4 MiB 75-186 ms;
  // runs differ by as much.
  private static final long BUCKET_ELEMENTS = 4 << 20;

  private static final long NONE = 0;

  private final Member member;
  private final Optional<StoreServer> store;
  private final Duration timeout;
  private final long handle;
  private boolean isClosed;

  private ProcessGroup(Member member, Optional<StoreServer> store, Duration timeout, long handle) {
    this.member = member;
    this.store = store;
    this.timeout = timeout;
    this.handle = handle;
  }

  /** A group of one, which meets nobody. */
  public static ProcessGroup alone() {
    return new ProcessGroup(Member.alone(), Optional.empty(), Duration.ZERO, NONE);
  }

  /** Joins by Gloo; see {@link #join(Member, Backend, Duration)}. */
  static ProcessGroup join(Member member, Duration timeout) {
    return join(member, Backend.GLOO, timeout);
  }

  /**
   * Joins the group and waits for all its members. Rank 0 opens the store at its port. A group of
   * one needs neither the store nor a library.
   *
   * @param timeout how long to wait for the others, here and in every sum: longer than the slowest
   *     member's work between two sums. A member that dies is noticed at once, without it
   * @throws LostPeerException if they do not come in time
   * @throws DeviceException if the library does not load here, a port or address is not to be had,
   *     or the library has no such backend
   */
  static ProcessGroup join(Member member, Backend backend, Duration timeout) {
    if (member.size() == 1) {
      return alone();
    }
    Optional<StoreServer> store =
        member.rank() == 0
            ? Optional.of(StoreServer.open(member.ownHost(), member.storePort(), timeout))
            : Optional.empty();
    return join(member, store, backend, timeout);
  }

  /** Joins at a store that is open; rank 0 gives its own, and the group closes it. */
  static ProcessGroup join(
      Member member, Optional<StoreServer> store, Backend backend, Duration timeout) {
    ProcessGroupLibrary.load();
    long begin = System.nanoTime();
    try {
      long handle =
          C10d.create(
              member.storeHost(),
              member.storePort(),
              member.ownHost(),
              member.rank(),
              member.size(),
              timeout.toMillis(),
              backend.c10dName());
      return new ProcessGroup(member, store, timeout, handle);
    } catch (IOException e) {
      store.ifPresent(StoreServer::close);
      throw lostPeer(member, timeout, begin, e);
    } catch (IllegalArgumentException e) {
      store.ifPresent(StoreServer::close);
      throw new DeviceException(
          String.format(
              Locale.ROOT,
              "worker %d of %d: %s (%s)",
              member.rank(),
              member.size(),
              e.getMessage(),
              backend == Backend.NCCL
                  ? "build one by pipeline/src/main/native/build.sh --nccl FILE and name it by "
                      + ProcessGroupLibrary.OWN_LIBRARY
                  : "set SPARK_LOCAL_IP on it to one by which the other machines reach it"),
          e);
    }
  }

  public int rank() {
    return member.rank();
  }

  public int size() {
    return member.size();
  }

  /**
   * Sums an array over all members, in place: afterwards each has the sum, and each knows that the
   * others have it. Nothing is scaled.
   *
   * @param array contiguous, float32, of the same shape on all members
   * @throws IllegalArgumentException if the array is not float32 or not contiguous
   * @throws LostPeerException if a member is gone or does not answer in time; the array's content
   *     is then undefined and the group closed
   */
  public synchronized void allReduceSum(NDArray array) {
    if (isClosed) {
      throw new IllegalStateException("the process group is closed");
    }
    if (array.getDataType() != DataType.FLOAT32) {
      throw new IllegalArgumentException("expected a float32 array, got " + array.getDataType());
    }
    if (member.size() == 1) {
      return;
    }
    long begin = System.nanoTime();
    try {
      C10d.allReduce(handle, ((PtNDArray) array).getHandle(), BUCKET_ELEMENTS);
    } catch (IOException e) {
      close();
      throw lostPeer(member, timeout, begin, e);
    }
  }

  private static LostPeerException lostPeer(
      Member member, Duration timeout, long begin, IOException e) {
    Duration waited = Duration.ofNanos(System.nanoTime() - begin);
    // Gloo then names the connection that it closed itself.
    String what =
        waited.compareTo(timeout) < 0 ? NativeMessage.shortened(e) : "no answer in that time";
    return new LostPeerException(member, waited.toMillis() / 1e3, what, e);
  }

  /** Leaves the group; waits for a sum that is under way in another thread. */
  @Override
  public synchronized void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    try {
      if (handle != NONE) {
        C10d.close(handle);
      }
    } catch (IOException e) {
      throw new DeviceException("the process group does not close: " + e.getMessage(), e);
    } finally {
      store.ifPresent(StoreServer::close);
    }
  }
}
