package dev.rankspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.jobs.TrainingFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training on a real cluster of separate processes, some of which are killed. */
class TrainClusterIT {
  private static final int STEPS = 240;

  /** Sums of the same gradients in another order, after Adam's steps. */
  private static final float SUMS = 1e-5f;

  @TempDir private static Path folder;

  private static StandaloneCluster cluster;
  private static Path dataset;
  private static Path undisturbed;

  @BeforeAll
  static void start() {
    cluster = StandaloneCluster.start(folder, 2, 1);
    dataset = TrainingFiles.write(folder.resolve("train.jsonl"));
    undisturbed = folder.resolve("undisturbed");
    try (StandaloneCluster.Job job = submit(undisturbed)) {
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      assertThat(finished.err()).contains("of 2 workers").contains("Trained");
    }
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  void aKilledExecutorCostsTheStepsSinceTheLastCheckpoint() throws Exception {
    Path output = folder.resolve("killed-executor");
    try (StandaloneCluster.Job job = submit(output)) {
      awaitCheckpoint(output, job);
      StandaloneCluster.kill(cluster.executors().get(0));
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      assertThat(finished.err()).containsPattern("Trained .* steps after [1-9]");
    }
    assertSame(output);
  }

  @Test
  void aKilledDriverIsTakenUpWhereItWas() throws Exception {
    Path output = folder.resolve("killed-driver");
    try (StandaloneCluster.Job job = submit(output)) {
      awaitCheckpoint(output, job);
      StandaloneCluster.kill(job.driver());
    }
    while (!cluster.executors().isEmpty()) {
      Thread.sleep(50);
    }
    try (StandaloneCluster.Job job = submit(output, "--resume-from-checkpoint", "true")) {
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      assertThat(finished.err()).containsPattern("Trained .* steps after [1-9]");
    }
    assertSame(output);
  }

  @Test
  void fourWorkersAreOneWithFourTimesTheAccumulation() throws Exception {
    Path one = folder.resolve("one");
    Path four = folder.resolve("four");
    try (StandaloneCluster wide =
        StandaloneCluster.start(Files.createDirectory(folder.resolve("wide")), 2, 2)) {
      succeed(wide, one, "--gradient-accumulation-steps", "4");
      succeed(wide, four, "--workers", "4");
    }
    assertThat(gradNorm(four)).isCloseTo(gradNorm(one), Percentage.withPercentage(1e-3));
    Map<String, float[]> expected = TrainingFiles.adapter(one);
    TrainingFiles.adapter(four)
        .forEach(
            (name, numbers) ->
                assertThat(numbers)
                    .as(name)
                    .containsExactly(expected.get(name), Offset.offset(SUMS)));
  }

  private static void succeed(StandaloneCluster cluster, Path output, String... more) {
    List<String> arguments = TrainingFiles.train(dataset, output);
    arguments.addAll(List.of(more));
    try (StandaloneCluster.Job job = cluster.submit(arguments.toArray(String[]::new))) {
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
    }
  }

  /** Of the first step. */
  private static double gradNorm(Path output) throws IOException {
    String line = Files.readAllLines(output.resolve("trainer_log.jsonl")).get(0);
    return new JsonMapper().readTree(line).path("grad_norm").asDouble();
  }

  private static StandaloneCluster.Job submit(Path output, String... more) {
    List<String> arguments = TrainingFiles.train(dataset, output);
    arguments.addAll(List.of("--workers", "2", "--max-steps", "" + STEPS, "--save-steps", "20"));
    arguments.addAll(List.of("--save-total-limit", "3"));
    arguments.addAll(List.of(more));
    return cluster.submit(arguments.toArray(String[]::new));
  }

  private static void awaitCheckpoint(Path output, StandaloneCluster.Job job) throws Exception {
    while (checkpoints(output).isEmpty()) {
      assertThat(job.driver().isAlive()).as("the job before its first checkpoint").isTrue();
      Thread.sleep(20);
    }
  }

  private static List<String> checkpoints(Path output) {
    if (!Files.exists(output)) {
      return new ArrayList<>();
    }
    try (var files = Files.list(output)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("checkpoint-"))
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void assertSame(Path output) {
    assertThat(output.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(undisturbed.resolve("adapter_model.safetensors"));
    assertThat(output.resolve("trainer_log.jsonl"))
        .hasSameTextualContentAs(undisturbed.resolve("trainer_log.jsonl"));
  }
}
