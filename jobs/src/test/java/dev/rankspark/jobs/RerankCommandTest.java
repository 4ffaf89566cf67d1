package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The main job against scores that transformers and PEFT computed; see {@code reference/README.md}.
 */
class RerankCommandTest {
  /** Between our float32 and the reference's; its own scores move by 9e-6 with the batch. */
  private static final double FLOAT32 = 1e-4;

  /** Between two of our own ways to the same score. */
  private static final double INVARIANCE = 2e-5;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "base, adapter, adapter.txt",
        "base, adapter-bin, adapter.txt",
        "adapter, -, adapter.txt",
        "mistral, -, mistral.txt",
        "backbone, -, backbone.txt",
      })
  void scoresEqualTheReferences(String model, String lora, String expected) {
    List<String> args = new ArrayList<>(rerank(model, "ours.txt"));
    if (lora != null) {
      args.addAll(List.of("--lora-name-or-path", Cli.reference(lora)));
    }
    assertSucceeds(Cli.run(args));

    Scores ours = Scores.read(folder.resolve("ours.txt"));
    Scores reference = Scores.read(Path.of(Cli.reference("expected/" + expected)));
    assertThat(ours.largestDifference(reference)).isLessThanOrEqualTo(FLOAT32);
    ours.assertOrderOf(reference, 2 * FLOAT32);
  }

  @Test
  void aPromptThatNobodyAskedForIsTold() throws IOException {
    Path named = folder.resolve("rankllama-v1-7b-lora-passage");
    FileUtils.copyDirectory(new File(Cli.reference("mistral")), named.toFile());
    List<String> asked = replace(rerank("", "named.txt"), "--model-name-or-path", named.toString());
    Path report = folder.resolve("report.json");

    Cli.Result result =
        Cli.run(
            without(without(asked, "--query-prefix"), "--passage-prefix"),
            "--report-json",
            report.toString());
    assertSucceeds(result);
    assertThat(result.err())
        .contains("rankspark: prompt tevatron by the model's name; the scores are raw\n");
    assertThat(Cli.read(report))
        .contains("\"recipe\" : \"prompt tevatron by the model's name\"", "\"scores\" : \"raw\"");
    assertThat(
            Scores.read(folder.resolve("named.txt"))
                .largestDifference(Scores.read(Path.of(Cli.reference("expected/mistral.txt")))))
        .isLessThanOrEqualTo(FLOAT32);

    assertThat(Cli.run(asked, "--overwrite").err()).doesNotContain("prompt tevatron");
  }

  @Test
  void shortTextsWithAnEndTokenEqualTheReferences() {
    assertSucceeds(
        Cli.run(adapter("eos.txt"), "--rerank-max-len", "64", "--append-eos-token", "--overwrite"));
    assertThat(
            Scores.read(folder.resolve("eos.txt"))
                .largestDifference(
                    Scores.read(Path.of(Cli.reference("expected/adapter.max_len_64.eos.txt")))))
        .isLessThanOrEqualTo(FLOAT32);
  }

  @Test
  void bfloat16IsAsCloseToFloat32AsTheReferencesOwn() {
    assertSucceeds(Cli.run(adapter("bf16.txt"), "--dtype", "bfloat16"));
    Scores exact = Scores.read(Path.of(Cli.reference("expected/adapter.txt")));
    double[] theirs =
        Scores.read(Path.of(Cli.reference("expected/adapter.bf16.txt"))).differences(exact);
    double[] ours = Scores.read(folder.resolve("bf16.txt")).differences(exact);
    assertThat(Scores.mean(ours)).isLessThanOrEqualTo(1.1 * Scores.mean(theirs));
  }

  /** int8 keeps 7 bits and a sign where bfloat16 keeps 8, but one scale for a whole row. */
  @Test
  void int8IsNotMuchFurtherFromFloat32ThanBfloat16AndSaysSo() {
    Cli.Result result = Cli.run(adapter("int8.txt"), "--dtype", "int8");
    assertSucceeds(result);
    assertThat(result.err()).contains("int8 products");
    Scores exact = Scores.read(Path.of(Cli.reference("expected/adapter.txt")));
    double[] bfloat16 =
        Scores.read(Path.of(Cli.reference("expected/adapter.bf16.txt"))).differences(exact);
    double[] ours = Scores.read(folder.resolve("int8.txt")).differences(exact);
    assertThat(Scores.mean(ours)).isBetween(1e-4, 4 * Scores.mean(bfloat16));
  }

  @Test
  void float16OnACpuIsFloat32ArithmeticAndSaysSo() {
    Cli.Result result =
        Cli.run(without(adapter("fp16.txt"), "--dtype"), "--fp16", "--device", "cpu");
    assertSucceeds(result);
    assertThat(result.err()).contains("float32 arithmetic from the float16 weights");
    assertThat(
            Scores.read(folder.resolve("fp16.txt"))
                .largestDifference(Scores.read(Path.of(Cli.reference("expected/adapter.txt")))))
        .isLessThan(0.05); // a rounding of weights to 11 bits
  }

  @Test
  void aScoreDoesNotDependOnBatchPartitionsOrderOrNeighbours() throws IOException {
    assertSucceeds(Cli.run(adapter("first.txt")));
    Scores first = Scores.read(folder.resolve("first.txt"));
    for (int rows : List.of(1, 7, 64)) {
      for (int partitions : List.of(1, 2, 7)) {
        assertSucceeds(
            Cli.run(
                adapter("again.txt"),
                "--per-device-eval-batch-size",
                Integer.toString(rows),
                "--partitions",
                Integer.toString(partitions),
                "--overwrite"));
        assertThat(Scores.read(folder.resolve("again.txt")).largestDifference(first))
            .as("batches of %d, %d partitions", rows, partitions)
            .isLessThanOrEqualTo(INVARIANCE);
      }
    }
    long seed = 20261123;
    List<String> lines = new ArrayList<>(Files.readAllLines(input()));
    Collections.shuffle(lines, new Random(seed));
    Path shuffled = Files.write(folder.resolve("shuffled.jsonl"), lines);
    assertSucceeds(
        Cli.run(
            replace(adapter("again.txt"), "--dataset-path", shuffled.toString()), "--overwrite"));
    assertThat(Scores.read(folder.resolve("again.txt")).largestDifference(first))
        .as("shuffled by seed %d", seed)
        .isLessThanOrEqualTo(INVARIANCE);
  }

  @ParameterizedTest
  @CsvSource({"base, float32", "mistral, bfloat16", "mistral, float32"})
  void weightsThatCannotBeMappedGiveTheSameBytes(String model, String dtype) throws IOException {
    Path unaligned = folder.resolve("unaligned");
    FileUtils.copyDirectory(Path.of(Cli.reference(model)).toFile(), unaligned.toFile());
    for (Path file :
        FileUtils.listFiles(unaligned.toFile(), new String[] {"safetensors"}, false).stream()
            .map(File::toPath)
            .toList()) {
      Files.write(file, withOneByteMore(Files.readAllBytes(file)));
    }
    List<String> args = model.equals("base") ? adapter("mapped.txt") : rerank(model, "mapped.txt");
    args = replace(args, "--dtype", dtype);
    assertSucceeds(Cli.run(args));
    args = replace(args, "--model-name-or-path", unaligned.toString());
    args = replace(args, "--rerank-output-path", folder.resolve("read.txt").toString());
    assertSucceeds(Cli.run(args));
    assertThat(folder.resolve("read.txt")).hasSameTextualContentAs(folder.resolve("mapped.txt"));
  }

  /** Executors keep a model for the jobs that follow, but not for another one in its place. */
  @Test
  void aModelThatTookThePlaceOfAnotherIsLoaded() throws IOException {
    Path model = folder.resolve("model");
    for (String name : List.of("mistral", "backbone")) {
      FileUtils.deleteDirectory(model.toFile());
      FileUtils.copyDirectory(Path.of(Cli.reference(name)).toFile(), model.toFile());
      assertSucceeds(
          Cli.run(replace(rerank(name, name + ".txt"), "--model-name-or-path", model.toString())));
      assertThat(
              Scores.read(folder.resolve(name + ".txt"))
                  .largestDifference(
                      Scores.read(Path.of(Cli.reference("expected/" + name + ".txt")))))
          .as(name)
          .isLessThanOrEqualTo(FLOAT32);
    }
  }

  /** A safetensors file whose header ends with one more space, so that its data is not aligned. */
  private static byte[] withOneByteMore(byte[] file) {
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int header = Math.toIntExact(bytes.getLong(0));
    ByteBuffer longer = ByteBuffer.allocate(file.length + 1).order(ByteOrder.LITTLE_ENDIAN);
    longer.putLong(header + 1L).put(file, 8, header).put((byte) ' ');
    return longer.put(file, 8 + header, file.length - 8 - header).array();
  }

  @Test
  void theSameCommandGivesTheSameBytes() {
    assertSucceeds(Cli.run(adapter("one.txt")));
    assertSucceeds(Cli.run(adapter("two.txt")));
    assertThat(folder.resolve("two.txt")).hasSameBinaryContentAs(folder.resolve("one.txt"));
  }

  @Test
  void theTripleFormEqualsTheTwoStepForm() {
    assertSucceeds(Cli.run(adapter("two-steps.txt")));
    List<String> triple = without(adapter("triple.txt"), "--dataset-path");
    triple.addAll(candidates());
    assertSucceeds(Cli.run(triple));
    assertThat(folder.resolve("triple.txt"))
        .hasSameBinaryContentAs(folder.resolve("two-steps.txt"));
  }

  @Test
  void queriesAndEqualScoresKeepTheOrderOfTheInput() throws IOException {
    List<String> lines = new ArrayList<>();
    for (String qid : List.of("zebra", "ant")) {
      for (String docid : List.of("z", "a", "m")) {
        lines.add(
            "{\"query_id\": \""
                + qid
                + "\", \"query\": \"rivers\", \"docid\": \""
                + docid
                + "\", \"title\": \"\", \"text\": \"The same text.\"}");
      }
    }
    Path same = Files.write(folder.resolve("same.jsonl"), lines);
    assertSucceeds(Cli.run(replace(adapter("ties.txt"), "--dataset-path", same.toString())));
    assertThat(Files.readAllLines(folder.resolve("ties.txt")))
        .extracting(line -> line.substring(0, line.lastIndexOf('\t')))
        .containsExactly("zebra\tz", "zebra\ta", "zebra\tm", "ant\tz", "ant\ta", "ant\tm");
  }

  @Test
  void theTrecFileIsTheConvertedRun() throws IOException {
    Path trec = folder.resolve("run.trec");
    assertSucceeds(Cli.run(adapter("run.txt"), "--trec-output-path", trec.toString()));
    Path converted = folder.resolve("converted.trec");
    assertSucceeds(
        Cli.run(
            "convert",
            "--input",
            folder.resolve("run.txt").toString(),
            "--output",
            converted.toString()));
    assertThat(trec).hasSameBinaryContentAs(converted);
    assertThat(Files.readAllLines(trec).get(0)).matches("\\S+ Q0 \\S+ 1 -?[0-9.E-]+ dense");
  }

  @Test
  void qrelsPrintMeasuresBeforeAndAfterAsEvaluateDoes() {
    Path trec = folder.resolve("run.trec");
    Cli.Result result =
        Cli.run(
            adapter("run.txt"),
            "--trec-output-path",
            trec.toString(),
            "--qrels",
            Cli.reference("data/qrels.txt"));
    assertSucceeds(result);
    String ndcg = evaluate("ndcg_cut.10", trec);
    assertThat(result.out())
        .containsPattern("measure +before +after")
        .containsPattern("nDCG@10 +\\d\\.\\d{4} +" + ndcg)
        .containsPattern("MAP +\\d\\.\\d{4} +" + evaluate("map", trec));
  }

  @Test
  void theReportCountsPairsQueriesAndCutTexts() {
    Cli.Result result = Cli.run(adapter("run.txt"));
    assertThat(result.err())
        .containsPattern("Scored 140 pairs of 14 queries in [0-9.]+ s")
        .contains("on CPU, float32; 1 executor, ")
        .containsPattern("\\d+ pairs \\([0-9.]+ %\\) cut at 196 tokens \\(--rerank-max-len\\)")
        .doesNotContain("has already");
  }

  @Test
  void aPairThatIsThereTwiceIsScoredTwiceAsByTevatronAndCounted() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(input()));
    lines.add(3, lines.get(0));
    Path twice = Files.write(folder.resolve("twice.jsonl"), lines);
    Cli.Result result = Cli.run(replace(adapter("twice.txt"), "--dataset-path", twice.toString()));
    assertSucceeds(result);
    assertThat(result.err())
        .contains("Scored 141 pairs", "; 1 pairs name a docid that their query has already");
    List<String> ranking = Files.readAllLines(folder.resolve("twice.txt"));
    assertThat(ranking).hasSize(141);
    assertThat(ranking.stream().distinct()).as("equal texts get equal scores").hasSize(140);
  }

  @Test
  void anEmptyPassageIsScored() throws IOException {
    Path input =
        Files.writeString(
            folder.resolve("empty-text.jsonl"),
            """
            {"query_id": "q", "query": "a question", "docid": "d", "title": "", "text": ""}
            {"query_id": "q", "query": "a question", "docid": "e", "title": "", "text": " \\u00a0"}
            """);
    assertSucceeds(Cli.run(replace(adapter("short.txt"), "--dataset-path", input.toString())));
    List<String> ranking = Files.readAllLines(folder.resolve("short.txt"));
    assertThat(ranking).hasSize(2);
    assertThat(ranking.get(0).split("\t")[2])
        .as("both texts are stripped to the same")
        .isEqualTo(ranking.get(1).split("\t")[2]);
  }

  @Test
  void shardsTogetherAreTheWholeInput() throws IOException {
    assertSucceeds(Cli.run(adapter("whole.txt")));
    List<String> parts = new ArrayList<>();
    for (int shard = 0; shard < 3; shard++) {
      String name = "shard-" + shard + ".txt";
      assertSucceeds(
          Cli.run(
              adapter(name),
              "--dataset_number_of_shards",
              "3",
              "--dataset_shard_index",
              Integer.toString(shard)));
      parts.addAll(Files.readAllLines(folder.resolve(name)));
    }
    assertThat(Files.readAllLines(folder.resolve("shard-0.txt"))).hasSize(47);
    assertThat(Files.readAllLines(folder.resolve("shard-2.txt"))).hasSize(46);
    assertThat(parts.stream().map(line -> line.replaceFirst("\t[^\t]*$", "")))
        .containsExactlyInAnyOrderElementsOf(
            Files.readAllLines(folder.resolve("whole.txt")).stream()
                .map(line -> line.replaceFirst("\t[^\t]*$", ""))
                .toList());
  }

  @Test
  void theReportNamesTheTokensOfABatchAndWhatPrefixesSaved() {
    assertThat(Cli.run(adapter("run.txt"), "--max-batch-tokens", "300").err())
        .containsPattern(" tokens, 0\\.\\d{3} computed per token, at most 300 a batch\\)");
    assertThat(Cli.run(adapter("default.txt")).err()).contains("at most 2,048 a batch)");
  }

  @Test
  void aBudgetBelowTheLongestPairIsRaisedWithANote() {
    Cli.Result result = Cli.run(adapter("run.txt"), "--max-batch-tokens", "20");
    assertSucceeds(result);
    assertThat(result.err())
        .containsPattern(
            "rankspark: --max-batch-tokens 20 is raised to (\\d+), the tokens of the longest pair\n"
                + ".*at most \\1 a batch");
  }

  @Test
  void aScoreDoesNotDependOnTheTokensOfABatch() {
    assertSucceeds(Cli.run(adapter("whole.txt"), "--per-device-eval-batch-size", "1"));
    Scores alone = Scores.read(folder.resolve("whole.txt"));
    for (String tokens : List.of("1", "256", "100000")) {
      assertSucceeds(Cli.run(adapter("again.txt"), "--max-batch-tokens", tokens, "--overwrite"));
      assertThat(Scores.read(folder.resolve("again.txt")).largestDifference(alone))
          .as("at most %s tokens", tokens)
          .isLessThanOrEqualTo(INVARIANCE);
    }
  }

  @Test
  void zeroCandidatesGiveAnEmptyRun() throws IOException {
    Path nothing = Files.writeString(folder.resolve("nothing.jsonl"), "");
    Cli.Result result =
        Cli.run(replace(adapter("empty.txt"), "--dataset-path", nothing.toString()));
    assertSucceeds(result);
    assertThat(folder.resolve("empty.txt")).isEmptyFile();
    assertThat(result.err()).contains("No pairs to score: the output is empty");
  }

  private static String evaluate(String measure, Path run) {
    Cli.Result result =
        Cli.run("evaluate", "-c", "-m", measure, Cli.reference("data/qrels.txt"), run.toString());
    return result.out().strip().replaceAll(".*\\s", "");
  }

  private static List<String> candidates() {
    return List.of(
        "--queries",
        Cli.reference("data/queries.tsv"),
        "--corpus",
        Cli.reference("data/corpus.jsonl"),
        "--retrieval-results",
        Cli.reference("data/run.trec"),
        "--depth",
        "10");
  }

  private static Path input() {
    return Path.of(Cli.reference("expected/rerank_input.jsonl"));
  }

  private List<String> adapter(String output) {
    List<String> args = new ArrayList<>(rerank("base", output));
    args.addAll(List.of("--lora-name-or-path", Cli.reference("adapter")));
    return args;
  }

  private List<String> rerank(String model, String output) {
    return List.of(
        "rerank",
        "--model-name-or-path",
        Cli.reference(model),
        "--dataset-path",
        input().toString(),
        "--query-prefix",
        "query: ",
        "--passage-prefix",
        "document: ",
        "--rerank-max-len",
        "196",
        "--dtype",
        "float32",
        "--rerank-output-path",
        folder.resolve(output).toString());
  }

  private static List<String> replace(List<String> args, String option, String value) {
    List<String> replaced = new ArrayList<>(args);
    replaced.set(replaced.indexOf(option) + 1, value);
    return replaced;
  }

  private static List<String> without(List<String> args, String option) {
    List<String> shorter = new ArrayList<>(args);
    int at = shorter.indexOf(option);
    shorter.subList(at, at + 2).clear();
    return shorter;
  }

  private static void assertSucceeds(Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isZero();
  }
}
