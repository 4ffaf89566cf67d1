package dev.rankspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * SIGKILL at ten random moments of each kind ({@code mvn verify -Pfaults}); what must hold is what
 * {@link ScoreStoreIT} demands. {@code -Drankspark.seed} gives other moments.
 */
@Tag("faults")
class FaultsIT {
  private static final int MOMENTS = 10;
  private static final long SEED = Long.getLong("rankspark.seed", 26);

  @TempDir private static Path folder;

  private static StoredRuns runs;

  @BeforeAll
  static void start() {
    System.out.println("rankspark.seed " + SEED);
    runs = new StoredRuns(folder);
  }

  @AfterAll
  static void stop() {
    runs.close();
  }

  private interface Submission {
    StandaloneCluster.Job submit();
  }

  /**
   * How long a job works that nobody disturbs: from its first executor on. Before that a session
   * starts, which is half of the time and touches no store.
   */
  private static long millis(Submission submission) {
    runs.awaitNoExecutor(); // of an earlier job
    try (StandaloneCluster.Job job = submission.submit()) {
      runs.awaitExecutors(1, job);
      long start = System.nanoTime();
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      return (System.nanoTime() - start) / 1_000_000;
    }
  }

  /** Kills a job's driver at a moment of its work; the process may have ended before. */
  private static void kill(Submission submission, long millis) {
    runs.awaitNoExecutor();
    try (StandaloneCluster.Job job = submission.submit()) {
      runs.awaitExecutors(1, job);
      long end = System.nanoTime() + millis * 1_000_000;
      StoredRuns.await(() -> System.nanoTime() > end || !job.driver().isAlive());
      runs.killDriver(job);
    }
  }

  @Test
  void driversOfReranking() {
    Random random = new Random(SEED);
    StoredRuns.Run first = runs.run();
    long whole = millis(() -> runs.submit(first));
    for (int i = 0; i < MOMENTS; i++) {
      StoredRuns.Run run = runs.run();
      long moment = random.nextLong(whole);
      kill(() -> runs.submit(run), moment);
      long committed = StoredRuns.committed(run);
      System.out.printf("driver killed after %d of %d ms: %d pairs%n", moment, whole, committed);
      if (run.output().toFile().exists()) {
        runs.assertOutput(run);
      } else {
        try (StandaloneCluster.Job job = runs.submit(run)) {
          assertThat(runs.assertUndisturbed(run, job)).contains(StoredRuns.summary(committed));
        }
      }
      runs.assertAllIsKeptAsItWas(run);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"compact", "prune --older-than 1d"})
  void upkeep(String command) throws IOException {
    Random random = new Random(SEED);
    String[] words = command.split(" ");
    StoredRuns.Run first = runs.nights();
    long whole = millis(() -> runs.submit(first, words));
    for (int i = 0; i < MOMENTS; i++) {
      StoredRuns.Run run = runs.nights();
      long moment = random.nextLong(whole);
      kill(() -> runs.submit(run, words), moment);
      System.out.printf(
          "%s killed after %d of %d ms: %d files%n",
          command, moment, whole, StoredRuns.scoreFiles(run));
      runs.assertAllIsKept(run);
      try (StandaloneCluster.Job job = runs.submit(run, words)) {
        StandaloneCluster.Finished finished = job.await();
        assertThat(finished.exitCode()).as(finished.err()).isZero();
      }
      runs.assertAllIsKept(run);
    }
  }

  @Test
  void executors() {
    Random random = new Random(SEED);
    for (int i = 0; i < MOMENTS; i++) {
      StoredRuns.Run run = runs.run();
      try (StandaloneCluster.Job job = runs.submit(run)) {
        runs.awaitCommits(1 + random.nextInt(30), run, job);
        runs.cluster.executors().stream().findAny().ifPresent(StandaloneCluster::kill);
        runs.assertUndisturbed(run, job);
      }
      runs.assertAllIsKeptAsItWas(run);
    }
  }
}
