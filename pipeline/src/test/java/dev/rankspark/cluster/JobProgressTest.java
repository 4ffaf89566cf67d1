package dev.rankspark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.progress.Progress;
import java.io.IOException;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** By a real Spark with real heartbeats, which it sends each half second here. */
class JobProgressTest {
  static final int BATCHES = 4;
  static final int PAIRS = 10;

  private final List<Progress> told = Collections.synchronizedList(new ArrayList<>());

  /** What a task does: batches of pairs, with time between them for heartbeats. */
  private interface Batches extends Serializable {
    /** Before a batch of a partition. */
    void before(int partition, int attempt, int batch) throws Exception;
  }

  @Test
  void aJobMovesWithinItsTasks() {
    run("local[2]", 2, (partition, attempt, batch) -> Thread.sleep(700));

    assertThat(done()).first().isEqualTo(0L);
    assertThat(done()).last().isEqualTo(2L * BATCHES * PAIRS);
    assertThat(done()).isSorted();
    // Before any of the two tasks has ended.
    assertThat(done()).anyMatch(pairs -> pairs > 0 && pairs < (long) BATCHES * PAIRS);
  }

  @Test
  void aTaskThatFailedHalfWayIsNotCountedTwice() {
    run(
        "local[1, 2]",
        1,
        (partition, attempt, batch) -> {
          Thread.sleep(700);
          if (attempt == 0 && batch == 3) {
            throw new IllegalStateException("lost");
          }
        });

    assertThat(done()).allMatch(pairs -> pairs <= BATCHES * PAIRS);
    assertThat(done()).last().isEqualTo((long) BATCHES * PAIRS);
    List<Long> done = done();
    assertThat(IntStream.range(1, done.size()).anyMatch(i -> done.get(i) < done.get(i - 1)))
        .as("what the failed one had counted was taken back: %s", done)
        .isTrue();
  }

  @Test
  @EnabledOnOs(OS.LINUX) // whose loopback has many addresses
  void aTaskThatRunsTwiceAtOnceIsNotCountedTwice(@TempDir Path home) throws IOException {
    List<String> said = SpeculatingJob.run(home);

    assertThat(said).last().asString().matches("attempts [4-6]"); // of three tasks
    List<Long> done = said.subList(0, said.size() - 1).stream().map(Long::valueOf).toList();
    long all = 3L * BATCHES * PAIRS;
    assertThat(done).allMatch(pairs -> pairs <= all).last().isEqualTo(all);
  }

  @Test
  void jobsWithoutCountsAreToldByTheirTasks() {
    try (SparkSession spark = session("local[1]");
        JobProgress progress = JobProgress.tell(spark.sparkContext(), told::add)) {
      progress.describe("test: sleeps");
      new JavaSparkContext(spark.sparkContext()).parallelize(List.of(1, 2, 3), 3).count();
      await(now -> now.done() == 3);
    }
    assertThat(told)
        .containsExactly(
            new Progress.Tasks("test: sleeps", 0, 3),
            new Progress.Tasks("test: sleeps", 1, 3),
            new Progress.Tasks("test: sleeps", 2, 3),
            new Progress.Tasks("test: sleeps", 3, 3));
  }

  /** Spark's own metrics system has them, for whatever sink a cluster has. */
  @Test
  void theNumbersAreGaugesOfTheDriver() throws JMException {
    try (SparkSession spark = session("local[1]");
        JobProgress progress = JobProgress.tell(spark.sparkContext(), told::add)) {
      for (long all : new long[] {100, 300}) { // a second job of the application
        progress.describe(
            "test: counts",
            new TaskCounts(spark.sparkContext(), List.of("pairs"), List.of()),
            sums -> new Progress.Scoring(all / 2, all, 7, 1));
        assertThat(gauge("rankspark.pairs")).isEqualTo(all);
        assertThat(gauge("rankspark.pairsDone")).isEqualTo(all / 2);
      }
    }
  }

  private static Object gauge(String name) throws JMException {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    ObjectName pattern = new ObjectName("metrics:name=*.driver.AccumulatorSource." + name + ",*");
    return server.getAttribute(server.queryNames(pattern, null).iterator().next(), "Value");
  }

  private void run(String master, int partitions, Batches batches) {
    try (SparkSession spark = session(master);
        JobProgress progress = JobProgress.tell(spark.sparkContext(), told::add)) {
      TaskCounts counts = new TaskCounts(spark.sparkContext(), List.of("pairs scored"), List.of());
      long all = (long) partitions * BATCHES * PAIRS;
      progress.describe(
          "test: scores", counts, sums -> new Progress.Scoring((long) sums[0], all, 0, 0));
      new JavaSparkContext(spark.sparkContext())
          .parallelize(IntStream.range(0, partitions).boxed().toList(), partitions)
          .foreachPartition(
              rows -> {
                TaskContext task = TaskContext.get();
                for (int batch = 0; batch < BATCHES; batch++) {
                  batches.before(task.partitionId(), task.attemptNumber(), batch);
                  counts.add(PAIRS);
                }
              });
      await(now -> now.done() == all);
    }
  }

  private static SparkSession session(String master) {
    return SparkSession.builder()
        .master(master)
        .config("spark.ui.enabled", false)
        .config("spark.executor.heartbeatInterval", "500ms")
        .config("spark.metrics.conf.*.sink.jmx.class", "org.apache.spark.metrics.sink.JmxSink")
        .getOrCreate();
  }

  /** Spark tells its listeners a little later. */
  private void await(Predicate<Progress> isLast) {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (System.nanoTime() < end && (told.isEmpty() || !isLast.test(told.get(told.size() - 1)))) {
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private List<Long> done() {
    return told.stream().map(Progress::done).toList();
  }
}
