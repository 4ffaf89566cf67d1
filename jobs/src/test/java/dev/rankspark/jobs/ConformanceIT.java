package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.jobs.cluster.StandaloneCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Our scores against those of Tevatron's own code, which lie outside this repository: all of DL19
 * at depth 200.
 */
@Tag("conformance")
class ConformanceIT {
  /** What float32 may differ: the reference's own scores move by up to 9e-6 with the batch. */
  private static final double FLOAT32 = 1e-4;

  /** Above this distance two scores of the reference stand in an order that is not chance. */
  private static final double ORDER = 2 * FLOAT32;

  /** Between two of our own ways to the same score. */
  private static final double INVARIANCE = 2e-5;

  private static Path shared;

  @TempDir private static Path folder;

  @BeforeAll
  static void findFixtures() {
    shared = Path.of(System.getProperty("rankspark.shared"));
    assertThat(shared.resolve("fixtures")).isDirectory();
  }

  @Test
  void rankllamaWithItsAdapter() {
    assertEqual(
        rerank("adapter", all(), "--lora-name-or-path", fixture("rankllama/adapter")),
        "rankllama/scores.txt");
  }

  @Test
  void rankllamaWithItsAdapterAsTorchArchive() throws IOException {
    assertEqual(
        rerank("adapter-bin", first640(), "--lora-name-or-path", fixture("rankllama/adapter-bin")),
        "rankllama/scores.adapter-bin.first640.txt");
  }

  @Test
  void anAdapterDirectoryAsModelPath() {
    assertEqual(
        rerankModel("adapter-as-model", all(), fixture("rankllama/adapter")),
        "rankllama/scores.txt");
  }

  @Test
  void shortTextsWithAnEndToken() throws IOException {
    assertEqual(
        rerank(
            "eos",
            first640(),
            "--lora-name-or-path",
            fixture("rankllama/adapter"),
            "--append-eos-token",
            "--rerank-max-len",
            "64"),
        "rankllama/scores.max_len_64.eos.first640.txt");
  }

  @Test
  void shardedMistralWithGroupedQueryAttention() {
    assertEqual(rerankModel("mistral", all(), fixture("rankmistral")), "rankmistral/scores.txt");
  }

  @Test
  void backboneWithItsOwnHead() throws IOException {
    assertEqual(
        rerankModel("backbone", first640(), fixture("backbone")), "backbone/scores.first640.txt");
  }

  @Test
  void bfloat16IsAsCloseAsTevatronsOwnBfloat16() {
    assertBfloat16(
        rerank(
            "llama-bf16",
            all(),
            "--lora-name-or-path",
            fixture("rankllama/adapter"),
            "--dtype",
            "bfloat16"),
        "rankllama");
    assertBfloat16(
        rerankModel("mistral-bf16", all(), fixture("rankmistral"), "--dtype", "bfloat16"),
        "rankmistral");
  }

  @Test
  void int8IsAtMostFourTimesAsFarFromFloat32AsTevatronsBfloat16() {
    String[] lora = {"--lora-name-or-path", fixture("rankllama/adapter"), "--dtype", "int8"};
    assertInt8(rerank("llama-int8", all(), lora), "rankllama");
    assertInt8(
        rerankModel("mistral-int8", all(), fixture("rankmistral"), "--dtype", "int8"),
        "rankmistral");
  }

  @Test
  void eightTasksCostTheSameAndWhatPairsShareIsComputedOnce() {
    Cli.Result result =
        run(folder.resolve("tasks.txt"), all(), fixture("rankmistral"), "--partitions", "8");
    Matcher summary =
        Pattern.compile("([\\d.]+) computed per token.* 8 tasks, the largest ([\\d.]+) of the mean")
            .matcher(result.err());
    assertThat(summary.find()).as(result.err()).isTrue();
    System.out.println("eight tasks: " + summary.group());
    assertThat(Double.parseDouble(summary.group(1))).isLessThanOrEqualTo(0.90);
    assertThat(Double.parseDouble(summary.group(2))).isBetween(1.0, 1.2);
  }

  @Test
  void prepareEqualsTevatronsScriptByteForByte() throws IOException {
    Path output = folder.resolve("rerank_input.jsonl");
    Cli.Result result = Cli.run(candidates("prepare", "--output-path", output.toString()));
    assertThat(result.exitCode()).as(result.err()).isZero();
    try (GZIPInputStream expected = new GZIPInputStream(Files.newInputStream(Path.of(all())))) {
      assertThat(Files.readString(output))
          .isEqualTo(new String(expected.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @Test
  void theTripleFormEqualsTheTwoStepFormByteForByte() {
    Path twoSteps = rerank("two-steps", all(), "--lora-name-or-path", fixture("rankllama/adapter"));
    Path triple = folder.resolve("triple.txt");
    Cli.Result result =
        Cli.run(
            candidates(
                "rerank",
                "--model-name-or-path",
                fixture("rankllama/base"),
                "--lora-name-or-path",
                fixture("rankllama/adapter"),
                "--query-prefix",
                "query: ",
                "--passage-prefix",
                "document: ",
                "--rerank-max-len",
                "196",
                "--dtype",
                "float32",
                "--rerank-output-path",
                triple.toString()));
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(triple).hasSameBinaryContentAs(twoSteps);
  }

  @Test
  void aScoreDoesNotDependOnBatchPartitionsOrderOrNeighbours() throws IOException {
    String[] lora = {"--lora-name-or-path", fixture("rankllama/adapter")};
    Scores first = Scores.read(rerank("invariance", all(), lora));
    double largest = 0;
    for (int rows : List.of(1, 7, 64)) {
      for (int partitions : List.of(1, 2, 7)) {
        Path again =
            rerank(
                "again",
                all(),
                "--lora-name-or-path",
                fixture("rankllama/adapter"),
                "--per-device-eval-batch-size",
                Integer.toString(rows),
                "--partitions",
                Integer.toString(partitions));
        largest = Math.max(largest, Scores.read(again).largestDifference(first));
      }
    }
    long seed = 20261123;
    List<String> lines = Files.readAllLines(Path.of(plain()));
    Collections.shuffle(lines, new Random(seed));
    Path shuffled = Files.write(folder.resolve("shuffled.jsonl"), lines);
    double byOrder =
        Scores.read(rerank("shuffled", shuffled.toString(), lora)).largestDifference(first);
    System.out.printf(
        "invariance: batches of 1, 7, 64 in 1, 2, 7 partitions %.3g, shuffled by seed %d %.3g%n",
        largest, seed, byOrder);
    assertThat(largest).isLessThanOrEqualTo(INVARIANCE);
    assertThat(byOrder).isLessThanOrEqualTo(INVARIANCE);
  }

  @Test
  void twoWorkersWriteTheBytesOfOneProcess() {
    Path here = rerank("here", all(), "--lora-name-or-path", fixture("rankllama/adapter"));
    Path there = folder.resolve("there.txt");
    try (StandaloneCluster cluster = StandaloneCluster.start(folder.resolve("cluster"), 2, 1);
        StandaloneCluster.Job job =
            cluster.submit(
                "rerank",
                "--model-name-or-path",
                fixture("rankllama/base"),
                "--lora-name-or-path",
                fixture("rankllama/adapter"),
                "--dataset-path",
                all(),
                "--query-prefix",
                "query: ",
                "--passage-prefix",
                "document: ",
                "--rerank-max-len",
                "196",
                "--dtype",
                "float32",
                "--rerank-output-path",
                there.toString())) {
      StandaloneCluster.Finished finished = job.await();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      assertThat(finished.err()).contains("2 executors, 2 model loads");
      System.out.println("two workers: " + finished.lastLine());
    }
    assertThat(there).hasSameBinaryContentAs(here);
  }

  @Test
  void evaluatePrintsTheFirstStagesNdcg() {
    Cli.Result result =
        Cli.run(
            "evaluate",
            "-c",
            "-m",
            "ndcg_cut.10",
            data("qrels.dl19-passage.txt"),
            data("run.repllama.psg.dl19.txt"));
    assertThat(result.out()).isEqualTo("ndcg_cut_10           \tall\t0.7384\n");
  }

  private static void assertEqual(Path ours, String reference) {
    Scores scores = Scores.read(ours);
    Scores theirs = Scores.read(Path.of(fixture(reference)));
    double largest = scores.largestDifference(theirs);
    System.out.printf(
        "%s: largest difference %.3g over %d pairs%n", reference, largest, scores.size());
    assertThat(largest).isLessThanOrEqualTo(FLOAT32);
    scores.assertOrderOf(theirs, ORDER);
  }

  private static void assertBfloat16(Path ours, String model) {
    assertDistance(ours, model, "bfloat16", 1.1);
  }

  private static void assertInt8(Path ours, String model) {
    assertDistance(ours, model, "int8", 4);
  }

  private static void assertDistance(Path ours, String model, String dtype, double factor) {
    Scores exact = Scores.read(Path.of(fixture(model + "/scores.txt")));
    Scores theirs = Scores.read(Path.of(fixture(model + "/scores.bf16.txt")));
    Scores.read(ours).assertAsClose(model + ", " + dtype, exact, theirs, factor);
  }

  private static Path rerank(String name, String input, String... more) {
    return rerankModel(name, input, fixture("rankllama/base"), more);
  }

  private static Path rerankModel(String name, String input, String model, String... more) {
    Path output = folder.resolve(name + ".txt");
    run(output, input, model, more);
    return output;
  }

  private static Cli.Result run(Path output, String input, String model, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "rerank",
                "--model-name-or-path",
                model,
                "--dataset-path",
                input,
                "--query-prefix",
                "query: ",
                "--passage-prefix",
                "document: ",
                "--overwrite",
                "--rerank-output-path",
                output.toString()));
    List<String> given = List.of(more);
    if (!given.contains("--rerank-max-len")) {
      args.addAll(List.of("--rerank-max-len", "196"));
    }
    if (!given.contains("--dtype")) {
      args.addAll(List.of("--dtype", "float32"));
    }
    Cli.Result result = Cli.run(args, more);
    assertThat(result.exitCode()).as(result.err()).isZero();
    return result;
  }

  private static String[] candidates(String command, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                command,
                "--queries",
                data("queries.dl19.tsv"),
                "--corpus",
                data("corpus.dl19.jsonl.gz"),
                "--retrieval-results",
                data("run.repllama.psg.dl19.txt"),
                "--depth",
                "200"));
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }

  private static String all() {
    return fixture("rerank_input.jsonl.gz");
  }

  /** All pairs, uncompressed. */
  private static String plain() throws IOException {
    Path file = folder.resolve("all.jsonl");
    if (!Files.exists(file)) {
      try (GZIPInputStream gzip = new GZIPInputStream(Files.newInputStream(Path.of(all())))) {
        Files.write(file, gzip.readAllBytes());
      }
    }
    return file.toString();
  }

  private static String first640() throws IOException {
    return Files.write(
            folder.resolve("first640.jsonl"), Files.readAllLines(Path.of(plain())).subList(0, 640))
        .toString();
  }

  private static String fixture(String name) {
    return shared.resolve("fixtures").resolve(name).toString();
  }

  private static String data(String name) {
    return shared.resolve("data/msmarco-mini").resolve(name).toString();
  }
}
