package dev.rankspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A score store on a real cluster of separate processes that die: the run is byte for byte the
 * undisturbed one, and no committed pair is scored again. {@link FaultsIT} repeats some of these at
 * random moments.
 */
class ScoreStoreIT {
  private static final Path NEVER_FULL = Path.of("/never/full");

  @TempDir private static Path folder;

  private static StoredRuns runs;

  @BeforeAll
  static void start() {
    runs = new StoredRuns(folder);
  }

  @AfterAll
  static void stop() {
    runs.close();
  }

  @Test
  void aKilledDriverAndTheSameCommandAgain() {
    StoredRuns.Run run = runs.run();
    try (StandaloneCluster.Job job = runs.submit(run)) {
      runs.awaitCommits(2, run, job);
      runs.killDriver(job);
    }
    assertThat(run.output()).doesNotExist();
    long committed = StoredRuns.committed(run);
    assertThat(committed).isBetween(1L, StoredRuns.PAIRS - 1L);

    try (StandaloneCluster.Job job = runs.submit(run)) {
      assertThat(runs.assertUndisturbed(run, job))
          .contains("is taken up: " + committed + " of 140 pairs are scored")
          .contains(StoredRuns.summary(committed));
    }
    runs.assertAllIsKeptAsItWas(run);
  }

  /** An executor, and then a whole worker with the other one. */
  @Test
  void aKilledExecutorAndAKilledWorker() {
    StoredRuns.Run run = runs.run();
    try (StandaloneCluster.Job job = runs.submit(run)) {
      runs.awaitCommits(1, run, job);
      StandaloneCluster.kill(runs.cluster.executors().get(0));
      runs.awaitCommits(4, run, job);
      runs.cluster.loseWorker();
      runs.cluster.addWorker();
      runs.assertUndisturbed(run, job);
    }
    assertThat(StoredRuns.disturbances(run).path("lost_executors").asInt())
        .isGreaterThanOrEqualTo(2);
    runs.assertAllIsKeptAsItWas(run);
  }

  /** A task that takes so long that it gets a twin, which may commit as well as it. */
  @Test
  void aSpeculativeTwin() {
    StoredRuns.Run run = runs.run("disk:");
    Map<String, String> settings =
        new HashMap<>(FaultyDisk.settings(folder, NEVER_FULL, FaultyDisk.NONE, 3));
    settings.putAll(
        Map.of(
            "spark.speculation", "true",
            "spark.speculation.interval", "100ms",
            "spark.speculation.quantile", "0.05",
            "spark.speculation.multiplier", "1.1"));
    try (StandaloneCluster.Job job = runs.submit(run, settings)) {
      runs.assertUndisturbed(run, job);
    }
    assertThat(StoredRuns.disturbances(run).path("speculative_tasks").asInt()).isPositive();
    runs.assertAllIsKeptAsItWas(run);
  }

  @Test
  void aTaskThatFailsTwice() {
    StoredRuns.Run run = runs.run("disk:");
    Map<String, String> disk = FaultyDisk.settings(folder, NEVER_FULL, 3, FaultyDisk.NONE);
    try (StandaloneCluster.Job job = runs.submit(run, disk)) {
      assertThat(runs.assertUndisturbed(run, job)).contains(StoredRuns.summary(0));
    }
    assertThat(StoredRuns.disturbances(run).path("failed_tasks").asInt()).isEqualTo(2);
    runs.assertAllIsKeptAsItWas(run);
  }

  @Test
  void aDiskThatIsFullForAWhile() throws IOException {
    StoredRuns.Run run = runs.run("disk:");
    Path full = folder.resolve("full");
    Map<String, String> disk = FaultyDisk.settings(folder, full, FaultyDisk.NONE, FaultyDisk.NONE);
    try (StandaloneCluster.Job job = runs.submit(run, disk)) {
      runs.awaitCommits(2, run, job);
      Files.createFile(full);
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isEqualTo(3);
      assertThat(finished.lastLine())
          .startsWith("rankspark: --score-store: disk:" + run.storeFolder())
          .contains("No space left on device");
      assertThat(finished.err()).doesNotContain("\tat ");
    }
    assertThat(run.output()).doesNotExist();
    Files.delete(full);
    long committed = StoredRuns.committed(run);

    try (StandaloneCluster.Job job = runs.submit(run, disk)) {
      assertThat(runs.assertUndisturbed(run, job)).contains(StoredRuns.summary(committed));
    }
    runs.assertAllIsKeptAsItWas(run);
  }

  @Test
  void aKilledCompaction() throws IOException {
    StoredRuns.Run run = runs.nights();
    long files = StoredRuns.scoreFiles(run);
    try (StandaloneCluster.Job job = runs.submit(run, "compact")) {
      StoredRuns.await(() -> StoredRuns.scoreFiles(run) > files || !job.driver().isAlive());
      runs.killDriver(job);
    }
    runs.assertAllIsKept(run);
    try (StandaloneCluster.Job job = runs.submit(run, "compact")) {
      assertThat(job.await().out()).contains("scores 140 -> 140;");
    }
    assertThat(StoredRuns.scoreFiles(run)).isEqualTo(1);
    runs.assertAllIsKept(run);
  }

  /** Both begin with an empty store, and neither waits for the other. */
  @Test
  void twoRunsAtOnce() {
    StoredRuns.Run run = runs.run();
    StoredRuns.Run other = new StoredRuns.Run(folder.resolve("other.txt"), run.store());
    Map<String, String> half = Map.of("spark.cores.max", "1");
    try (StandaloneCluster.Job job = runs.submit(run, half);
        StandaloneCluster.Job beside = runs.submit(other, half)) {
      for (StandaloneCluster.Finished finished : List.of(job.await(), beside.await())) {
        assertThat(finished.exitCode()).as(finished.err()).isZero();
      }
    }
    // One that began later has found scores of the other, and then its batches are others.
    runs.assertScores(run);
    runs.assertScores(other);
    runs.assertAllIsKept(run);
  }
}
