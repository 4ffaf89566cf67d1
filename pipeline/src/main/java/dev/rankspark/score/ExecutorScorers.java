package dev.rankspark.score;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The scorers of this executor's JVM: one per device, shared by its tasks, loaded once whatever the
 * number of tasks. Weights are gigabytes, so a scorer stays for the tasks that follow, of later
 * jobs too, and makes room only for one of other options.
 */
final class ExecutorScorers {
  private static final Map<Object, Entry> BY_DEVICE = new HashMap<>();

  private ExecutorScorers() {}

  private static final class Entry {
    final Object options;
    Object job;
    Scorer scorer;
    int users;
    boolean replaced;

    Entry(Object options, Object job, Scorer scorer) {
      this.options = options;
      this.job = job;
      this.scorer = scorer;
    }
  }

  /** The use of a scorer by one task. */
  static final class Lease implements AutoCloseable {
    private final Entry entry;
    private final Scorer scorer;

    /** Whether this task is the one that loaded the scorer. */
    private final boolean loaded;

    private Lease(Entry entry, boolean loaded) {
      this.entry = entry;
      this.scorer = entry.scorer;
      this.loaded = loaded;
    }

    Scorer scorer() {
      return scorer;
    }

    boolean loaded() {
      return loaded;
    }

    @Override
    public void close() {
      synchronized (BY_DEVICE) {
        entry.users--;
        closeIfDone(entry);
      }
    }
  }

  /**
   * The device's scorer for these options. Tasks that come while it loads wait for it.
   *
   * @param options compared by {@code equals}
   * @param job the tasks of one job share what they learn about the device's memory, {@link
   *     Scorer#forAnotherJob}; compared by {@code equals}
   */
  static Lease acquire(Object device, Object options, Object job, Supplier<Scorer> loader) {
    synchronized (BY_DEVICE) {
      Entry entry = BY_DEVICE.get(device);
      boolean loads = entry == null || !entry.options.equals(options);
      if (loads) {
        if (entry != null) {
          BY_DEVICE.remove(device);
          entry.replaced = true;
          closeIfDone(entry); // before loading: two models may not fit
        }
        entry = new Entry(options, job, loader.get());
        BY_DEVICE.put(device, entry);
      } else if (!entry.job.equals(job)) {
        entry.job = job;
        entry.scorer = entry.scorer.forAnotherJob();
      }
      entry.users++;
      return new Lease(entry, loads);
    }
  }

  private static void closeIfDone(Entry entry) {
    if (entry.replaced && entry.users == 0) {
      entry.scorer.close();
    }
  }
}
