package dev.rankspark.cluster;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The models of this executor's JVM: one per device, shared by its tasks, loaded once whatever the
 * number of tasks. Weights are gigabytes, so a model stays for the tasks that follow, of later jobs
 * too, and makes room only for one of other options.
 */
public final class ExecutorModels {
  private static final Map<Object, Entry> BY_DEVICE = new HashMap<>();

  private ExecutorModels() {}

  /**
   * A model that tasks share.
   *
   * @param <M> its own type
   */
  public interface Model<M> extends AutoCloseable {
    /**
     * The same model without what the tasks of one job learned about the device, for those of
     * another. Closing either closes both.
     */
    M forAnotherJob();

    @Override
    void close();
  }

  private static final class Entry {
    final Object options;
    Object job;
    Model<?> model;
    int users;
    boolean replaced;

    Entry(Object options, Object job, Model<?> model) {
      this.options = options;
      this.job = job;
      this.model = model;
    }
  }

  /**
   * The use of a model by one task.
   *
   * @param <M> the model
   */
  public static final class Lease<M extends Model<M>> implements AutoCloseable {
    private final Entry entry;
    private final M model;
    private final boolean loaded;

    private Lease(Entry entry, M model, boolean loaded) {
      this.entry = entry;
      this.model = model;
      this.loaded = loaded;
    }

    public M model() {
      return model;
    }

    /** Whether this task is the one that loaded the model. */
    public boolean loaded() {
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
   * The device's model for these options. Tasks that come while it loads wait for it.
   *
   * @param type of the model; one of another type on this device makes room for it
   * @param options compared by {@code equals}
   * @param job the tasks of one job share what they learn about the device's memory; compared by
   *     {@code equals}
   */
  public static <M extends Model<M>> Lease<M> acquire(
      Class<M> type, Object device, Object options, Object job, Supplier<M> loader) {
    synchronized (BY_DEVICE) {
      Entry entry = BY_DEVICE.get(device);
      boolean loads =
          entry == null || !type.isInstance(entry.model) || !entry.options.equals(options);
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
        entry.model = type.cast(entry.model).forAnotherJob();
      }
      entry.users++;
      return new Lease<>(entry, type.cast(entry.model), loads);
    }
  }

  private static void closeIfDone(Entry entry) {
    if (entry.replaced && entry.users == 0) {
      entry.model.close();
    }
  }
}
