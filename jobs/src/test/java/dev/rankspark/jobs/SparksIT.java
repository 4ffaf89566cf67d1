package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.jobs.cluster.SparkHome;
import dev.rankspark.jobs.cluster.StandaloneCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The one jar under PyPI's distributions of Spark: the bytes of the embedded Spark that the jar is
 * compiled against. The build's profile names them ({@code rankspark.sparks}) and installs them.
 */
@Tag("python")
@Tag("matrix")
class SparksIT {
  private static final List<String> DEMO =
      List.of("rerank_input.jsonl", "run.reranked.txt", "run.reranked.trec");

  private static final List<String> ADAPTER =
      List.of("adapter_model.safetensors", "adapter_config.json", "trainer_log.jsonl");

  @TempDir private static Path folder;

  private static Path demo;
  private static Path dataset;
  private static Path trained;

  static Stream<String> sparks() {
    return Stream.of(System.getProperty("rankspark.sparks").split(" "));
  }

  @BeforeAll
  static void runUnderTheSparkOfTheBuild() throws Exception {
    demo = folder.resolve("demo");
    Cli.Result result = Launched.run(folder, Map.of(), demo(demo));
    assertThat(result.exitCode()).as(result.err()).isZero();

    dataset = TrainingFiles.write(folder.resolve("train.jsonl"));
    trained = folder.resolve("trained");
    try (StandaloneCluster cluster = StandaloneCluster.start(folder("cluster"), 2, 1);
        StandaloneCluster.Job job = cluster.submit(train(trained))) {
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void theDemoWritesTheSameBytes(String name) throws Exception {
    Path output = folder.resolve("demo of " + name);

    Cli.Result result = Launched.run(folder, SparkHome.ofPypi(name).environment(), demo(output));

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertSame(DEMO, output, demo);
  }

  /** Whatever a cluster has set for others, of what Spark 4 changed above all. */
  @ParameterizedTest
  @MethodSource("sparks")
  void settingsOfTheClusterChangeNoByte(String name) throws Exception {
    for (boolean on : new boolean[] {false, true}) {
      Map<String, String> environment = new HashMap<>(SparkHome.ofPypi(name).environment());
      environment.put(
          "RANKSPARK_SPARK_ARGS",
          Stream.of("ansi.enabled", "caseSensitive", "adaptive.enabled")
              .map(setting -> "--conf spark.sql." + setting + "=" + on + " ")
              .reduce("", String::concat));
      Path output = folder.resolve("settings of " + name + " " + on);

      Cli.Result result = Launched.run(folder, environment, demo(output));

      assertThat(result.exitCode()).as(result.err()).isZero();
      assertSame(DEMO, output, demo);
    }
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void aStoreOfOneSparkIsReadFilledAndCompactedByAnother(String name) throws Exception {
    Path store = folder.resolve("store of " + name);
    List<String> lines = Files.readAllLines(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    Path few = Files.write(folder.resolve("few.jsonl"), lines.subList(0, 133));
    Path all = Files.write(folder.resolve("all.jsonl"), lines);
    assertThat(Cli.run(stored(few, folder.resolve("few.txt"), store)).err())
        .contains("pairs 133; reused 0; scored 133");

    List<String> command = new ArrayList<>(List.of(Launched.LAUNCHER));
    Path there = folder.resolve("stored by " + name);
    command.addAll(stored(all, there, store));
    Cli.Result result = Launched.run(folder, SparkHome.ofPypi(name).environment(), command);
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains("pairs 140; reused 133; scored 7");

    result =
        Launched.run(
            folder,
            SparkHome.ofPypi(name).environment(),
            List.of(Launched.LAUNCHER, "store", "compact", store.toString(), "--grace", "0d"));
    assertThat(result.err() + result.out()).contains("scores 140 -> 140");

    Path here = folder.resolve("read after " + name);
    assertThat(Cli.run(stored(all, here, store)).err()).contains("pairs 140; reused 140; scored 0");
    assertThat(here).hasSameBinaryContentAs(there);
  }

  private static List<String> stored(Path input, Path output, Path store) {
    return Cli.rerank(
        input, output, "--rerank-max-len", "196", "--score-store", store.toString(), "--overwrite");
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void trainingOutlivesAKilledExecutorWithTheSameBytes(String name) throws Exception {
    Path output = folder.resolve("trained by " + name);
    try (StandaloneCluster cluster =
            StandaloneCluster.start(SparkHome.ofPypi(name), folder("cluster of " + name), 2, 1);
        StandaloneCluster.Job job = cluster.submit(train(output))) {
      while (!Files.exists(output.resolve("checkpoint-20"))) {
        assertThat(job.driver().isAlive()).as("the job before its first checkpoint").isTrue();
        Thread.sleep(20);
      }
      StandaloneCluster.kill(cluster.executors().get(0));
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      assertThat(finished.err()).containsPattern("Trained .* steps after [1-9]");
    }
    assertSame(ADAPTER, output, trained);
  }

  private static void assertSame(List<String> names, Path actual, Path expected) {
    for (String name : names) {
      assertThat(actual.resolve(name)).hasSameBinaryContentAs(expected.resolve(name));
    }
  }

  private static List<String> demo(Path output) {
    return List.of(Launched.LAUNCHER, "demo", "--output-dir", output.toString());
  }

  private static String[] train(Path output) {
    List<String> arguments = new ArrayList<>(TrainingFiles.train(dataset, output));
    arguments.addAll(List.of("--workers", "2", "--max-steps", "120", "--save-steps", "20"));
    return arguments.toArray(String[]::new);
  }

  private static Path folder(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }
}
