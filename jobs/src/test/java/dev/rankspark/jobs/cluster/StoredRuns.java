package dev.rankspark.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.jobs.Cli;
import dev.rankspark.jobs.Scores;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * One rerank job of 140 pairs in 35 tasks with a score store, on a cluster whose processes die, and
 * what must be true whatever died.
 */
final class StoredRuns implements AutoCloseable {
  static final int PAIRS = 140;
  private static final int TASKS = 35;

  /** Between a score of one batch and the same score of another. */
  private static final double INVARIANCE = 2e-5;

  final StandaloneCluster cluster;
  private final Path folder;
  private final Path undisturbed;
  private int runs;

  /** A run and its store. */
  record Run(Path output, String store) {
    Path report() {
      return output.resolveSibling(output.getFileName() + ".json");
    }

    /** The store's folder, of whatever file system. */
    Path storeFolder() {
      return Path.of(store.replaceFirst("^[a-z]+:", ""));
    }
  }

  /** Starts a cluster of two workers of one core, and makes the undisturbed run in one process. */
  StoredRuns(Path folder) {
    this.folder = folder;
    this.undisturbed = folder.resolve("undisturbed.txt");
    Cli.Result result =
        Cli.run(command(new Run(undisturbed, folder.resolve("undisturbed").toString())));
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains(summary(0));
    this.cluster = StandaloneCluster.start(folder, 2, 1);
  }

  /** A run with a store, which nobody has used. */
  Run run() {
    return run("");
  }

  /** Likewise, on another file system, such as {@code disk:}. */
  Run run(String scheme) {
    int number = runs++;
    return new Run(
        folder.resolve("run-" + number + ".txt"), scheme + folder.resolve("store-" + number));
  }

  private static List<String> command(Run run) {
    return List.of(
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
        run.output().toString(),
        "--report-json",
        run.report().toString(),
        "--score-store",
        run.store());
  }

  /** What the job's report says of faults. */
  static JsonNode disturbances(Run run) {
    try {
      return new JsonMapper().readTree(run.report().toFile()).path("disturbances");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A store of three nights in a dozen files, of which the commits say that they are old, so that
   * pruning writes them anew.
   */
  Run nights() throws IOException {
    Run run = run();
    List<String> lines = Files.readAllLines(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    Path input = folder.resolve("night.jsonl");
    for (int pairs : new int[] {60, 100, PAIRS}) {
      Files.write(input, lines.subList(0, pairs));
      List<String> night = new ArrayList<>(command(run));
      night.set(night.indexOf("--dataset-path") + 1, input.toString());
      night.set(night.indexOf("--partitions") + 1, "4");
      night.add("--overwrite");
      assertThat(Cli.run(night).exitCode()).isZero();
    }
    for (Path commit : commits(run)) {
      Files.writeString(
          commit, Files.readString(commit).replaceAll("\"oldest\":\\d+", "\"oldest\":1"));
    }
    return run;
  }

  /** Upkeep of a store: {@code compact} or {@code prune --older-than 1d}. */
  StandaloneCluster.Job submit(Run run, String... upkeep) {
    List<String> command = new ArrayList<>(List.of("store", upkeep[0], run.store()));
    command.addAll(Arrays.asList(upkeep).subList(1, upkeep.length));
    command.addAll(List.of("--grace", "0d"));
    return cluster.submit(command.toArray(String[]::new));
  }

  /** The files of scores, counted or not, hidden ones too. */
  static long scoreFiles(Run run) {
    try (Stream<Path> files = Files.walk(run.storeFolder())) {
      return files
          .filter(file -> file.getParent().endsWith("scores") && Files.isRegularFile(file))
          .count();
    } catch (UncheckedIOException | IOException e) {
      return 0; // a hidden file that got its name meanwhile
    }
  }

  StandaloneCluster.Job submit(Run run) {
    return submit(run, Map.of());
  }

  StandaloneCluster.Job submit(Run run, Map<String, String> settings) {
    return cluster.submit(settings, command(run).toArray(String[]::new));
  }

  /** The line of a run that took so many scores from its store. */
  static String summary(long reused) {
    return String.format("pairs %d; reused %d; scored %d%n", PAIRS, reused, PAIRS - reused);
  }

  /** The job ends well, and its run has the bytes of the undisturbed one. */
  String assertUndisturbed(Run run, StandaloneCluster.Job job) {
    StandaloneCluster.Finished finished = job.await();
    assertThat(finished.exitCode()).as(finished.err()).isZero();
    assertOutput(run);
    return finished.err();
  }

  /** The run has the bytes of the undisturbed one. */
  void assertOutput(Run run) {
    assertThat(run.output()).hasSameBinaryContentAs(undisturbed);
  }

  /** The run's scores are those of the undisturbed one, but for what other batches change. */
  void assertScores(Run run) {
    assertThat(Scores.read(run.output()).largestDifference(Scores.read(undisturbed)))
        .isLessThanOrEqualTo(INVARIANCE);
  }

  /** All scores are in the store, as {@link #assertScores} has them. */
  void assertAllIsKept(Run run) {
    Run again = new Run(folder.resolve("again-" + runs++ + ".txt"), run.storeFolder().toString());
    Cli.Result result = Cli.run(command(again));
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains(summary(PAIRS));
    assertScores(again);
  }

  /** Likewise, bit for bit. */
  void assertAllIsKeptAsItWas(Run run) {
    assertAllIsKept(run);
    assertThat(folder.resolve("again-" + (runs - 1) + ".txt")).hasSameBinaryContentAs(undisturbed);
  }

  /** Kills the driver; returns when all of the job is gone. */
  void killDriver(StandaloneCluster.Job job) {
    StandaloneCluster.kill(job.driver());
    job.await();
    awaitNoExecutor();
  }

  void awaitNoExecutor() {
    await(() -> cluster.executors().isEmpty());
  }

  void awaitExecutors(int count, StandaloneCluster.Job job) {
    await(() -> cluster.executors().size() >= count || !job.driver().isAlive());
  }

  void awaitCommits(int count, Run run, StandaloneCluster.Job job) {
    await(() -> commits(run).size() >= count || !job.driver().isAlive());
  }

  static void await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  private static List<Path> commits(Run run) {
    Path store = run.storeFolder();
    List<Path> found = new ArrayList<>();
    if (!Files.isDirectory(store)) {
      return found;
    }
    try (Stream<Path> files = Files.walk(store)) {
      files
          .filter(file -> file.getParent().endsWith("commits"))
          .filter(file -> !file.getFileName().toString().startsWith("."))
          .forEach(found::add);
      return found;
    } catch (UncheckedIOException | IOException e) {
      return List.of(); // a hidden file that got its name meanwhile
    }
  }

  /** Scores that commits name: of tasks alone, for the run has not ended. */
  static long committed(Run run) {
    long rows = 0;
    try {
      for (Path commit : commits(run)) {
        for (JsonNode file : new JsonMapper().readTree(commit.toFile()).path("files")) {
          rows += file.path("rows").asLong();
        }
      }
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    cluster.close();
  }
}
