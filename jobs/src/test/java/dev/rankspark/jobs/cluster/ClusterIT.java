package dev.rankspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.hub.DownloadListener;
import dev.rankspark.hub.Hub;
import dev.rankspark.hub.HubSettings;
import dev.rankspark.jobs.Cli;
import dev.rankspark.jobs.ReferenceHub;
import dev.rankspark.jobs.TrainingFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shaded jar on a real cluster of separate processes: a master and two workers of one core. */
class ClusterIT {
  @TempDir private static Path folder;

  private static StandaloneCluster cluster;

  @BeforeAll
  static void start() {
    cluster = StandaloneCluster.start(folder, 2, 1);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  void twoWorkersWriteTheBytesOfOneProcessAndLoadOneModelEach() {
    Path here = folder.resolve("here.txt");
    Path there = folder.resolve("there.txt");
    assertThat(Cli.run(rerank(Cli.reference("expected/rerank_input.jsonl"), here)).exitCode())
        .isZero();

    StandaloneCluster.Finished finished =
        submit(Cli.reference("expected/rerank_input.jsonl"), there);

    assertThat(finished.exitCode()).as(finished.err()).isZero();
    assertThat(there).hasSameBinaryContentAs(here);
    assertThat(finished.err()).contains("2 executors, 2 model loads");
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void executorsReadPathsAsTheDriverDoesWhateverTheirWorkersLocale() throws IOException {
    Path data = Files.createDirectory(folder.resolve("donn\u00e9es"));
    Path input = data.resolve("entr\u00e9e.jsonl");
    Files.copy(Path.of(Cli.reference("expected/rerank_input.jsonl")), input);
    Path plain = folder.resolve("plain.txt");
    assertThat(Cli.run(rerank(Cli.reference("expected/rerank_input.jsonl"), plain)).exitCode())
        .isZero();
    Path output = data.resolve("\u00e9t\u00e9.txt");

    StandaloneCluster.Finished finished = submit(input.toString(), output);

    assertThat(finished.exitCode()).as(finished.err()).isZero();
    assertThat(output).hasSameBinaryContentAs(plain);
    try (var files = Files.list(folder)) { // nothing beside it, such as donn??es
      assertThat(files.filter(file -> file.getFileName().toString().startsWith("donn")))
          .containsExactly(data);
    }
  }

  @Test
  void anErrorOnAnExecutorIsOneLineOnTheDriver() throws IOException {
    Path broken = folder.resolve("broken.jsonl");
    List<String> lines =
        new ArrayList<>(Files.readAllLines(Path.of(Cli.reference("expected/rerank_input.jsonl"))));
    lines.set(6, "{\"query_id\": \"1\", ");
    Files.write(broken, lines);
    Path output = folder.resolve("never.txt");

    StandaloneCluster.Finished finished = submit(broken.toString(), output);

    assertThat(finished.exitCode()).isEqualTo(3);
    assertThat(finished.lastLine()).startsWith("rankspark: " + broken + ":7: broken JSON: ");
    assertThat(finished.err()).doesNotContain("\tat ");
    assertThat(output).doesNotExist();
    assertThat(leftovers()).isEmpty();
  }

  /**
   * A file system that only {@code spark.hadoop.*} make known, as they do credentials: a model of
   * the executors, an input with a wrong line, and the files of a command without a session.
   */
  @Test
  void hadoopsSettingsOfTheCommandLineReachExecutorsAndCommandsWithoutASession()
      throws IOException {
    Map<String, String> mount =
        Map.of(
            "spark.hadoop.fs.viewfs.mounttable.far.link./reference",
            Path.of(Cli.reference("")).toUri().toString(),
            "spark.hadoop.fs.viewfs.mounttable.far.link./folder",
            folder.toUri().toString());
    Path here = folder.resolve("near.txt");
    String input = Cli.reference("expected/rerank_input.jsonl");
    assertThat(Cli.run(rerank(input, here)).exitCode()).isZero();
    List<String> far = new ArrayList<>(rerank(input, Path.of("x")));
    far.replaceAll(arg -> arg.equals("x") ? "viewfs://far/folder/far.txt" : arg);
    far.set(far.indexOf("--model-name-or-path") + 1, "viewfs://far/reference/base");
    far.set(far.indexOf("--lora-name-or-path") + 1, "viewfs://far/reference/adapter");
    assertDone(mount, far);
    assertThat(folder.resolve("far.txt")).hasSameBinaryContentAs(here);

    assertDone(
        mount,
        List.of(
            "convert",
            "--input",
            "viewfs://far/folder/far.txt",
            "--output",
            "viewfs://far/folder/far.trec"));
    assertThat(folder.resolve("far.trec")).content().hasLineCount(140);

    Files.writeString(folder.resolve("wrong.jsonl"), "{}\n");
    far.set(far.indexOf("--dataset-path") + 1, "viewfs://far/folder/wrong.jsonl");
    far.set(far.indexOf("--rerank-output-path") + 1, "viewfs://far/folder/never.txt");
    try (StandaloneCluster.Job job = cluster.submit(mount, far.toArray(String[]::new))) {
      assertThat(job.await().lastLine())
          .startsWith("rankspark: viewfs://far/folder/wrong.jsonl:1: expected a text in");
    }
  }

  /**
   * The driver's cache under a path that leads to another folder in every process, as a path of the
   * driver's own disk does on a cluster of several machines.
   */
  @Test
  void executorsThatDoNotSeeTheHubsCacheFetchTheModelFromTheDriver() throws IOException {
    Path cache = Files.createTempDirectory(Path.of("target"), "hub");
    try (ReferenceHub hub = ReferenceHub.start()) {
      Hub names =
          new Hub(
              HubSettings.of(hub.environment(folder), folder).withCache(cache),
              DownloadListener.NONE);
      for (String name : List.of("org/base", "org/adapter")) {
        names.model(name, Optional.empty(), "--model-name-or-path", new Configuration());
      }
    }
    String ofTheDriver = "/proc/self/cwd/" + cache;
    Path here = folder.resolve("by-path.txt");
    String input = Cli.reference("expected/rerank_input.jsonl");
    assertThat(Cli.run(rerank(input, here)).exitCode()).isZero();
    Path there = folder.resolve("by-name.txt");
    List<String> byName = new ArrayList<>(rerank(input, there));
    byName.set(byName.indexOf("--model-name-or-path") + 1, "org/base");
    byName.set(byName.indexOf("--lora-name-or-path") + 1, "org/adapter");
    byName.addAll(List.of("--cache-dir", ofTheDriver));

    assertDone(Map.of(), byName);

    assertThat(there).hasSameBinaryContentAs(here);

    Path trained = folder.resolve("trained-by-name");
    List<String> train =
        TrainingFiles.train(TrainingFiles.write(folder.resolve("t.jsonl")), trained);
    train.set(train.indexOf("--model-name-or-path") + 1, "org/base");
    train.set(train.indexOf("--max-steps") + 1, "1");
    train.addAll(List.of("--workers", "2", "--cache-dir", ofTheDriver));

    assertDone(Map.of(), train);

    assertThat(trained.resolve("adapter_config.json"))
        .content()
        .contains("\"base_model_name_or_path\": \"org/base\"");
    FileUtils.deleteDirectory(cache.toFile());
  }

  private static void assertDone(Map<String, String> settings, List<String> arguments) {
    try (StandaloneCluster.Job job = cluster.submit(settings, arguments.toArray(String[]::new))) {
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
    }
  }

  @Test
  void aKilledExecutorCostsNothingButTime() throws InterruptedException {
    Path here = folder.resolve("undisturbed.txt");
    Path there = folder.resolve("disturbed.txt");
    String input = Cli.reference("expected/rerank_input.jsonl");
    assertThat(Cli.run(rerank(input, here)).exitCode()).isZero();

    try (StandaloneCluster.Job job = cluster.submit(rerank(input, there).toArray(String[]::new))) {
      while (cluster.executors().size() < 2 && job.driver().isAlive()) {
        Thread.sleep(20);
      }
      StandaloneCluster.kill(cluster.executors().get(0));
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
    }
    assertThat(there).hasSameBinaryContentAs(here);
  }

  private static StandaloneCluster.Finished submit(String input, Path output) {
    try (StandaloneCluster.Job job = cluster.submit(rerank(input, output).toArray(String[]::new))) {
      return job.await();
    }
  }

  private static List<String> rerank(String input, Path output) {
    return List.of(
        "rerank",
        "--model-name-or-path",
        // Executors have another working directory than the driver.
        Path.of("").toAbsolutePath().relativize(Path.of(Cli.reference("base"))).toString(),
        "--lora-name-or-path",
        Cli.reference("adapter"),
        "--dataset-path",
        input,
        "--rerank-max-len",
        "196",
        "--dtype",
        "float32",
        "--partitions",
        "12",
        "--rerank-output-path",
        output.toString());
  }

  /** Hidden folders of unfinished work. */
  private static List<Path> leftovers() {
    try (var files = Files.list(folder)) {
      return files.filter(file -> file.getFileName().toString().startsWith(".")).toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
