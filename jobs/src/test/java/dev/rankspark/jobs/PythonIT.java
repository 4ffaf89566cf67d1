package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

  /** Of a failed program's output, characters that are shown: what failed may be said there. */
  private static final int END = 4_000;

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

  /** With Lucene's BM25; the training, twice seven minutes, is for a person to repeat. */
  @Test
  void theDemosTextsAreWhatTheirScriptMakes() throws Exception {
    Path made = folder.resolve("demo");
    run(
        Map.of(),
        PYTHON.resolve("bin/python").toString(),
        HOME.resolve("reference/demo/make_demo.py").toString(),
        "--no-training",
        "--output",
        made.toString());
    for (String name :
        List.of(
            "data/queries.tsv",
            "data/corpus.jsonl",
            "data/qrels.txt",
            "data/run.trec",
            "model/config.json",
            "model/tokenizer.json")) {
      assertThat(made.resolve(name))
          .hasSameBinaryContentAs(HOME.resolve("reference/demo").resolve(name));
    }
  }

  private String run(Map<String, String> environment, String... command) throws Exception {
    return run(folder, environment, command);
  }

  /** Runs a program to its end, which must be a good one; gives its standard output. */
  static String run(Path logs, Map<String, String> environment, String... command)
      throws Exception {
    Cli.Result result = end(logs, environment, command);
    String out = result.out();
    String end = out.substring(Math.max(0, out.length() - END));
    assertThat(result.exitCode()).as("%s%n%s", end, result.err()).isZero();
    return out;
  }

  /** Runs a program to its end. */
  static Cli.Result end(Path logs, Map<String, String> environment, String... command)
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
    return new Cli.Result(process.waitFor(), Cli.read(out), Cli.read(err));
  }

  private static List<Path> filesOf(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      return new ArrayList<>(files.filter(Files::isRegularFile).toList());
    }
  }
}
