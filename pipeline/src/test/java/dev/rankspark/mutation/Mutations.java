package dev.rankspark.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.rankspark.InputException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/**
 * Runs a case on many mutations of a file. Each ends in the right result, which the case checks by
 * itself, or in an {@link InputException} of one line; within a time, and without memory by a
 * number that the file says.
 */
public final class Mutations {
  private static final long SEED = Long.getLong("rankspark.mutation.seed", 20260101);

  /** One of them alone, to see it again. */
  private static final Integer ONLY = Integer.getInteger("rankspark.mutation");

  // A right file takes less than 1 MB here, most of it Hadoop's.
  private static final long MOST_BYTES = 64 << 20;
  // No case takes a tenth of a second; the machine may be busy.
  private static final int MOST_SECONDS = 30;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Mutations() {}

  /** What is done with one mutation. */
  @FunctionalInterface
  public interface Case {
    /**
     * @throws AssertionError if the result is not the one that the mutated file says
     */
    void run(Mutation mutation) throws Exception;
  }

  /** Runs the case on the mutations 0, 1, ... and demands that some work and some are refused. */
  public static void survive(String what, int count, Case test) {
    survive(what, count, Integer.MAX_VALUE, test);
  }

  /**
   * Likewise.
   *
   * @param first how many of the file's bytes are changed
   */
  public static void survive(String what, int count, int first, Case test) {
    ExecutorService worker = Executors.newSingleThreadExecutor(Mutations::daemon);
    try {
      int worked = 0;
      int[] numbers = ONLY == null ? IntStream.range(0, count).toArray() : new int[] {ONLY};
      for (int number : numbers) {
        worked += survives(what, new Mutation(SEED, number, first), test, worker) ? 1 : 0;
      }
      System.out.printf(
          "%s: seed %d, %d mutations: %d worked, %d were refused%n",
          what, SEED, numbers.length, worked, numbers.length - worked);
      if (ONLY == null) {
        assertThat(worked).as(what + ": neither all nor none").isBetween(1, count - 1);
      }
    } finally {
      worker.shutdownNow();
    }
  }

  private static boolean survives(
      String what, Mutation mutation, Case test, ExecutorService worker) {
    String told =
        "%s: -Drankspark.mutation.seed=%d -Drankspark.mutation=%d"
            .formatted(what, mutation.seed(), mutation.number());
    if (ForkedMutations.IS_HERE) {
      System.out.println(ForkedMutations.CASE + told);
    }
    Future<Boolean> running = worker.submit(() -> worked(mutation, test));
    try {
      return running.get(MOST_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(told + " hangs", e);
    } catch (ExecutionException e) {
      throw new AssertionError(told, e.getCause());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean worked(Mutation mutation, Case test) throws Exception {
    long heap = THREADS.getCurrentThreadAllocatedBytes();
    long direct = directBytes();
    boolean worked = false;
    try {
      test.run(mutation);
      worked = true;
    } catch (InputException e) {
      assertThat(e.getMessage()).doesNotContain("\n");
    }
    assertThat(THREADS.getCurrentThreadAllocatedBytes() - heap).as("heap").isLessThan(MOST_BYTES);
    assertThat(directBytes() - direct).as("direct memory").isLessThan(MOST_BYTES);
    ForkedMutations.checkResidentBytes();
    return worked;
  }

  private static long directBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getTotalCapacity)
        .sum();
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "mutations");
    thread.setDaemon(true);
    return thread;
  }
}
