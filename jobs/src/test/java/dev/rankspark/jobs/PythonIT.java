package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.jobs.cluster.StandaloneCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What needs Python; the build's profile of that name installs it into {@code jobs/target/python}.
 */
@Tag("python")
class PythonIT {
  static final Path HOME = Path.of(System.getProperty("rankspark.home"));
  static final Path PYTHON = HOME.resolve("jobs/target/python");

  /** Between two machines' float32 of the same program. */
  private static final double OTHER_CPU = 2e-5;

  /** Between our float32 and the reference's; its own scores move by 9e-6 with the batch. */
  private static final double FLOAT32 = 1e-4;

  @TempDir private Path folder;

  @Test
  void theReferenceIsWhatItsScriptMakes() throws Exception {
    Path made = folder.resolve("reference");
    run(
        Map.of("HF_HUB_OFFLINE", "1"),
        PYTHON.resolve("bin/python").toString(),
        HOME.resolve("reference/make_reference.py").toString(),
        "--output",
        made.toString());
    for (Path file : filesOf(made)) {
      Path committed = HOME.resolve("reference").resolve(made.relativize(file).toString());
      if (file.toString().contains("expected") && file.toString().endsWith(".txt")) {
        // bfloat16 rounds a difference in the last bit of float32 up to its own last bit
        double tolerance = file.toString().contains("bf16") ? 0.07 : OTHER_CPU;
        assertThat(Scores.read(file).largestDifference(Scores.read(committed)))
            .as(file.toString())
            .isLessThanOrEqualTo(tolerance);
      } else {
        assertThat(file).hasSameBinaryContentAs(committed);
      }
    }
  }

  @Test
  void thePypiDistributionOfSparkRunsTheJar() throws Exception {
    Path output = folder.resolve("run.txt");
    run(
        Map.of("SPARK_HOME", sparkHome()),
        HOME.resolve("bin/rankspark").toString(),
        "rerank",
        "--model-name-or-path",
        Cli.reference("base"),
        "--lora-name-or-path",
        Cli.reference("adapter-bin"),
        "--dataset-path",
        Cli.reference("expected/rerank_input.jsonl"),
        "--query-prefix",
        "query: ",
        "--passage-prefix",
        "document: ",
        "--rerank-max-len",
        "196",
        "--dtype",
        "float32",
        "--rerank-output-path",
        output.toString());
    assertThat(
            Scores.read(output)
                .largestDifference(Scores.read(Path.of(Cli.reference("expected/adapter.txt")))))
        .isLessThanOrEqualTo(FLOAT32);
  }

  @Test
  void theNotebookReranks() throws Exception {
    Path output = folder.resolve("notebook.txt");
    String printed =
        notebook(
            "rerank.py",
            "local[2]",
            Map.of(
                "RANKSPARK_MODEL",
                Cli.reference("mistral"),
                "RANKSPARK_QUERIES",
                Cli.reference("data/queries.tsv"),
                "RANKSPARK_CORPUS",
                Cli.reference("data/corpus.jsonl"),
                "RANKSPARK_RUN",
                Cli.reference("data/run.trec"),
                "RANKSPARK_QRELS",
                Cli.reference("data/qrels.txt"),
                "RANKSPARK_DEPTH",
                "10",
                "RANKSPARK_OUTPUT",
                output.toString()));
    assertThat(printed).contains("nDCG@10").contains("140 lines");
  }

  /** On a local master the driver would not end: Spark's timer of barriers keeps its JVM. */
  @Test
  void theNotebookTrainsOnACluster() throws Exception {
    Path output = folder.resolve("trained");
    try (StandaloneCluster cluster = StandaloneCluster.start(folder, 2, 1)) {
      String printed =
          notebook(
              "train.py",
              cluster.url(),
              Map.of(
                  "RANKSPARK_MODEL",
                  Cli.reference("base"),
                  "RANKSPARK_DATASET",
                  TrainingFiles.write(folder.resolve("train.jsonl")).toString(),
                  "RANKSPARK_GROUP_SIZE",
                  "4",
                  "RANKSPARK_MAX_STEPS",
                  "4",
                  "RANKSPARK_WORKERS",
                  "2",
                  "RANKSPARK_OUTPUT",
                  output.toString()));
      assertThat(printed).contains("grad_norm").contains("|   4|");
    }
    assertThat(output.resolve("adapter_model.safetensors")).exists();
  }

  private String notebook(String name, String master, Map<String, String> settings)
      throws Exception {
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("SPARK_HOME", sparkHome());
    environment.put("PYSPARK_PYTHON", PYTHON.resolve("bin/python").toString());
    return run(
        environment,
        sparkHome() + "/bin/spark-submit",
        "--master",
        master,
        "--jars",
        HOME.resolve("jobs/target/rankspark.jar").toString(),
        HOME.resolve("notebooks/" + name).toString());
  }

  private static String sparkHome() throws IOException {
    try (var lib = Files.newDirectoryStream(PYTHON.resolve("lib"), "python3*")) {
      return lib.iterator().next().resolve("site-packages/pyspark").toString();
    }
  }

  private String run(Map<String, String> environment, String... command) throws Exception {
    return run(folder, environment, command);
  }

  /** Runs a program to its end; gives its standard output. */
  static String run(Path logs, Map<String, String> environment, String... command)
      throws Exception {
    Path out = logs.resolve("out.log");
    Path err = logs.resolve("err.log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    assertThat(process.waitFor()).as(Cli.read(err)).isZero();
    return Cli.read(out);
  }

  private static List<Path> filesOf(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      return new ArrayList<>(files.filter(Files::isRegularFile).toList());
    }
  }
}
