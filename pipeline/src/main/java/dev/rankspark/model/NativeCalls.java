package dev.rankspark.model;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * The calls of programs that have not returned. When a process exits, C++ takes libtorch's globals
 * away under threads that still compute, which ends in a crash instead of an exit code; so the end
 * waits for them: of a command that is stopped or that fails in one of its tasks, of an executor
 * that is preempted.
 */
final class NativeCalls {
  /** Those of this process. */
  static final NativeCalls OF_PROCESS = new NativeCalls();

  /** A large model's batch on a small CPU takes seconds; preempted machines have thirty. */
  private static final Duration LIMIT = Duration.ofSeconds(15);

  static {
    try {
      Runtime.getRuntime()
          .addShutdownHook(new Thread(() -> OF_PROCESS.end(LIMIT), "rankspark-native-calls"));
    } catch (IllegalStateException e) {
      OF_PROCESS.end(LIMIT); // the process ends already
    }
  }

  /** Calls read, the end writes: it waits for those that run, and the next ones wait for it. */
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  NativeCalls() {}

  /** Makes a call; does not return once {@link #end} was successful. */
  <T> T call(Supplier<T> body) {
    lock.readLock().lock();
    try {
      return body.get();
    } finally {
      lock.readLock().unlock();
    }
  }

  /**
   * Waits until no call runs, and lets none begin any more.
   *
   * @return whether that was so within the limit
   */
  boolean end(Duration limit) {
    try {
      return lock.writeLock().tryLock(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
