package dev.rankspark.cluster;

import dev.rankspark.progress.Progress;
import dev.rankspark.progress.ProgressListener;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.TaskKilled;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.TaskInfo;
import scala.Tuple4;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * Tells a listener how far Spark's jobs are, by their descriptions and by the tasks of the stage
 * that runs, or by what those tasks count. Whatever is counted is among the driver's metrics too.
 */
public final class JobProgress implements AutoCloseable {
  private final SparkContext spark;
  private final JobMetrics metrics;
  private final ProgressListener listener;
  private final Events events = new Events();
  private final AtomicInteger failedTasks = new AtomicInteger();
  private final AtomicInteger twins = new AtomicInteger();
  private final AtomicInteger lostExecutors = new AtomicInteger();

  /** What is told: tasks, or what they count. */
  private volatile Told told = new Tasks();

  private JobProgress(SparkContext spark, ProgressListener listener) {
    this.spark = spark;
    this.metrics = JobMetrics.of(spark);
    this.listener = listener;
    spark.addSparkListener(events);
  }

  /** Begins to tell. */
  public static JobProgress tell(SparkContext spark, ProgressListener listener) {
    return new JobProgress(spark, listener);
  }

  /** Says what the jobs that follow do, in Spark's UI too. */
  public void describe(String description) {
    spark.setJobDescription(description);
    told = new Tasks();
  }

  /**
   * Likewise, of jobs whose tasks count.
   *
   * @param shown what is told of the sums of all tasks, counts and then values; told at once of
   *     zeros
   */
  public void describe(String description, TaskCounts counts, Function<double[], Progress> shown) {
    spark.setJobDescription(description);
    Counts counted = new Counts(counts, shown);
    told = counted;
    counted.tell();
  }

  /** Says how many of the job's scores a store had; those are not among the pairs that are told. */
  public void reused(long pairs) {
    metrics.showReused(pairs);
  }

  /** What went wrong so far; Spark tells a moment later. */
  public Disturbances disturbances() {
    return new Disturbances(failedTasks.get(), twins.get(), lostExecutors.get());
  }

  private synchronized void at(Progress now) {
    metrics.show(now);
    listener.at(now);
  }

  @Override
  public void close() {
    spark.removeSparkListener(events);
  }

  /** What becomes of Spark's events, which come on one thread. */
  private interface Told {
    default void stageBegins(SparkListenerStageSubmitted stage) {}

    default void heartbeat(
        List<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>> countsOfTasks) {}

    default void taskBegins(SparkListenerTaskStart task) {}

    default void taskEnds(SparkListenerTaskEnd task) {}
  }

  private final class Events extends SparkListener {
    @Override
    public void onStageSubmitted(SparkListenerStageSubmitted stage) {
      told.stageBegins(stage);
    }

    /**
     * The event's {@code accumUpdates} are taken by their place among its fields: the method of
     * that name gives one {@code Seq} in Scala 2.12 and another in 2.13, so that a class that calls
     * it fits one of them.
     */
    @Override
    @SuppressWarnings("unchecked")
    public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
      told.heartbeat(
          JavaConverters.seqAsJavaList(
              (Seq<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>>)
                  update.productElement(1)));
    }

    @Override
    public void onTaskStart(SparkListenerTaskStart task) {
      if (task.taskInfo().speculative()) {
        twins.incrementAndGet();
      }
      told.taskBegins(task);
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd task) {
      if (task.reason() instanceof TaskFailedReason && !(task.reason() instanceof TaskKilled)) {
        failedTasks.incrementAndGet();
      }
      told.taskEnds(task);
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved executor) {
      lostExecutors.incrementAndGet();
    }
  }

  /** The tasks of the stage that began last, under its job's description. */
  private final class Tasks implements Told {
    private String description = "";
    private int stage = -1;
    private int done;
    private int all;

    @Override
    public void stageBegins(SparkListenerStageSubmitted begun) {
      Properties properties = begun.properties();
      description = properties == null ? "" : properties.getProperty("spark.job.description", "");
      stage = begun.stageInfo().stageId();
      done = 0;
      all = begun.stageInfo().numTasks();
      tell();
    }

    @Override
    public void taskEnds(SparkListenerTaskEnd task) {
      if (task.stageId() == stage && task.taskInfo().successful() && done < all) {
        done++;
        tell();
      }
    }

    private void tell() {
      if (!description.isEmpty()) {
        at(new Progress.Tasks(description, done, all));
      }
    }
  }

  /** What tasks counted. */
  private final class Counts implements Told {
    private final TaskCounts counts;
    private final Function<double[], Progress> shown;
    private final Attempts attempts;
    private Progress last; // heartbeats come while nothing changes, too

    Counts(TaskCounts counts, Function<double[], Progress> shown) {
      this.counts = counts;
      this.shown = shown;
      this.attempts = new Attempts(counts.size());
    }

    @Override
    public synchronized void taskBegins(SparkListenerTaskStart task) {
      attempts.begins(task.taskInfo().taskId(), task.stageId(), task.taskInfo().partitionId());
    }

    @Override
    public synchronized void heartbeat(
        List<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>> countsOfTasks) {
      for (Tuple4<Object, Object, Object, Seq<AccumulableInfo>> task : countsOfTasks) {
        attempts.runs((Long) task._1(), numbers(task._4()));
      }
      tell();
    }

    @Override
    public synchronized void taskEnds(SparkListenerTaskEnd task) {
      TaskInfo info = task.taskInfo();
      if (info.successful()) {
        attempts.succeeded(info.taskId(), numbers(accumulated(info)));
      } else {
        attempts.failed(info.taskId());
      }
      tell();
    }

    private double[] numbers(Seq<AccumulableInfo> accumulated) {
      double[] numbers = new double[counts.size()];
      for (AccumulableInfo info : JavaConverters.seqAsJavaList(accumulated)) {
        int place = counts.place(info.id());
        if (place >= 0
            && info.update().isDefined()
            && info.update().get() instanceof Number number) {
          numbers[place] = number.doubleValue();
        }
      }
      return numbers;
    }

    private synchronized void tell() {
      Progress now = shown.apply(attempts.total());
      if (!now.equals(last)) {
        last = now;
        at(now);
      }
    }
  }

  /** Called by its name: the type of what it gives is another {@code Seq} in each Scala. */
  @SuppressWarnings("unchecked")
  private static Seq<AccumulableInfo> accumulated(TaskInfo task) {
    try {
      return (Seq<AccumulableInfo>) TaskInfo.class.getMethod("accumulables").invoke(task);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e); // it is public in all Sparks
    }
  }
}
