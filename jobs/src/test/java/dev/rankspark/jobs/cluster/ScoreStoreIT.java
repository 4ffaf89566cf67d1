package dev.rankspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.jobs.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A score store on a real cluster of separate processes that die: the run is byte for byte the
 * undisturbed one, and no committed pair is scored again.
 */
class ScoreStoreIT {
  private static final int TASKS = 35;

  @TempDir private static Path folder;

  private static StandaloneCluster cluster;
  private static Path undisturbed;

  @BeforeAll
  static void start() {
    cluster = StandaloneCluster.start(folder, 2, 1);
    undisturbed = folder.resolve("undisturbed.txt");
    Path store = folder.resolve("undisturbed");
    try (StandaloneCluster.Job job = submit(Map.of(), undisturbed, store)) {
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      assertThat(finished.err()).contains("pairs 140; reused 0; scored 140\n");
    }
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  void aKilledDriverAndTheSameCommandAgain() throws Exception {
    Path store = folder.resolve("driver");
    Path run = folder.resolve("driver.txt");
    try (StandaloneCluster.Job job = submit(Map.of(), run, store)) {
      awaitCommits(store, 2, job);
      StandaloneCluster.kill(job.driver());
      job.await();
    }
    assertThat(run).doesNotExist();
    awaitNoExecutor();
    long committed = committed(store);
    assertThat(committed).isBetween(1L, 139L);

    try (StandaloneCluster.Job job = submit(Map.of(), run, store)) {
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      assertThat(finished.err())
          .contains("is taken up: " + committed + " of 140 pairs are scored")
          .contains(String.format("pairs 140; reused %d; scored %d%n", committed, 140 - committed));
    }
    assertThat(run).hasSameBinaryContentAs(undisturbed);
    assertReused(store);
  }

  @Test
  void aKilledExecutor() throws Exception {
    Path store = folder.resolve("executor");
    Path run = folder.resolve("executor.txt");
    try (StandaloneCluster.Job job = submit(Map.of(), run, store)) {
      awaitCommits(store, 1, job);
      StandaloneCluster.kill(cluster.executors().get(0));
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
    }
    assertThat(run).hasSameBinaryContentAs(undisturbed);
    assertReused(store);
  }

  @Test
  void twoRunsAtOnce() throws Exception {
    Path store = folder.resolve("two");
    Path first = folder.resolve("two-1.txt");
    Path second = folder.resolve("two-2.txt");
    Map<String, String> half = Map.of("spark.cores.max", "1");
    try (StandaloneCluster.Job one = submit(half, first, store);
        StandaloneCluster.Job other = submit(half, second, store)) {
      assertThat(one.await().exitCode()).isZero();
      assertThat(other.await().exitCode()).isZero();
    }
    assertThat(first).hasSameBinaryContentAs(undisturbed);
    assertReused(store);
  }

  /** Nothing is scored, and the bytes are the same. */
  private static void assertReused(Path store) throws IOException {
    Path again = Files.createTempFile(folder, "again", ".txt");
    Files.delete(again);
    try (StandaloneCluster.Job job = submit(Map.of(), again, store)) {
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      assertThat(finished.err()).contains("pairs 140; reused 140; scored 0\n");
    }
    assertThat(again).hasSameBinaryContentAs(undisturbed);
  }

  private static StandaloneCluster.Job submit(
      Map<String, String> settings, Path output, Path store) {
    return cluster.submit(
        settings,
        "rerank",
        "--model-name-or-path",
        Cli.reference("base"),
        "--lora-name-or-path",
        Cli.reference("adapter"),
        "--dataset-path",
        Cli.reference("expected/rerank_input.jsonl"),
        "--rerank-max-len",
        "196",
        "--dtype",
        "float32",
        "--partitions",
        Integer.toString(TASKS),
        "--rerank-output-path",
        output.toString(),
        "--score-store",
        store.toString());
  }

  private static void awaitCommits(Path store, int count, StandaloneCluster.Job job)
      throws Exception {
    while (commits(store).size() < count && job.driver().isAlive()) {
      Thread.sleep(5);
    }
  }

  private static void awaitNoExecutor() throws InterruptedException {
    while (!cluster.executors().isEmpty()) {
      Thread.sleep(50);
    }
  }

  private static List<Path> commits(Path store) throws IOException {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(store)) {
      try (Stream<Path> rerankers = Files.list(store)) {
        for (Path reranker : rerankers.filter(Files::isDirectory).toList()) {
          Path commits = reranker.resolve("commits");
          if (Files.isDirectory(commits)) {
            try (Stream<Path> files = Files.list(commits)) {
              files
                  .filter(file -> !file.getFileName().toString().startsWith("."))
                  .forEach(found::add);
            }
          }
        }
      }
    }
    return found;
  }

  /** Scores of all commits. */
  private static long committed(Path store) throws IOException {
    long rows = 0;
    for (Path commit : commits(store)) {
      for (JsonNode file : new JsonMapper().readTree(commit.toFile()).path("files")) {
        rows += file.path("rows").asLong();
      }
    }
    return rows;
  }
}
