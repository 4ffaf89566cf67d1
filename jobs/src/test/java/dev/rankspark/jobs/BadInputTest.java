package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bad input: one clear last line on standard error, an exit code, no stack trace, and not a byte of
 * output. Each test changes one thing in a command that works.
 */
class BadInputTest {
  @TempDir private Path folder;

  /** Where outputs go, so that anything half-written shows. */
  private Path outputs;

  @BeforeEach
  void makeOutputFolder() throws IOException {
    outputs = Files.createDirectory(folder.resolve("outputs"));
  }

  @Test
  void aRunLineOfAnotherColumnCount() throws IOException {
    Path run = copy("data/run.trec");
    replaceLine(run, 17, "q1 Q0 D7 3 11.2");
    assertRefused(
        triple("--retrieval-results", run),
        Main.INPUT,
        run
            + ":17: expected 3, 4 or 6 columns (\"qid Q0 docid rank score tag\"), got 5: \"q1 Q0 D7 3"
            + " 11.2\"");
  }

  @Test
  void aRunLineWithoutANumber() throws IOException {
    Path run = copy("data/run.trec");
    replaceLine(run, 3, "q1 Q0 D7 3 high tag");
    assertRefused(triple("--retrieval-results", run), Main.INPUT, run + ":3: ", "high");
  }

  @Test
  void aDocidWithoutPassage() throws IOException {
    Path run = copy("data/run.trec");
    String first = Files.readAllLines(run).get(0);
    replaceLine(run, 1, first.replaceFirst("Q0 \\S+", "Q0 nowhere"));
    String qid = first.split(" ")[0];
    assertRefused(
        triple("--retrieval-results", run),
        Main.INPUT,
        "1 of 140 candidates have no passage, first docid nowhere of query "
            + qid
            + " ("
            + Cli.reference("data/corpus.jsonl")
            + "); add --allow-missing to skip them");

    Cli.Result allowed = Cli.run(triple("--retrieval-results", run), "--allow-missing");
    assertThat(allowed.exitCode()).as(allowed.err()).isZero();
    assertThat(allowed.err()).contains("1 without a passage were skipped");
    assertThat(outputs.resolve("run.txt")).content().hasLineCount(139);
  }

  @Test
  void aBrokenJsonLine() throws IOException {
    Path input = copy("expected/rerank_input.jsonl");
    replaceLine(input, 30, "{\"query_id\": ");
    assertRefused(rerank("--dataset-path", input), Main.INPUT, input + ":30: broken JSON: ");
  }

  @Test
  void aJsonLineWithoutAField() throws IOException {
    Path input = copy("expected/rerank_input.jsonl");
    replaceLine(input, 2, "{\"query_id\": \"q\", \"docid\": \"d\", \"text\": \"t\"}");
    assertRefused(
        rerank("--dataset-path", input),
        Main.INPUT,
        input + ":2: expected a text in \"query\", got none");
  }

  @Test
  void halfASurrogatePair() throws IOException {
    Path input = copy("expected/rerank_input.jsonl");
    replaceLine(
        input,
        5,
        "{\"query_id\": \"q\", \"query\": \"q\", \"docid\": \"d\", \"text\": \"a \\ud83d b\"}");
    assertRefused(
        rerank("--dataset-path", input),
        Main.INPUT,
        input + ":5: expected Unicode text in \"text\", got half a surrogate pair");
  }

  @Test
  void bytesThatAreNotUtf8() throws IOException {
    Path input = folder.resolve("latin1.jsonl");
    Files.write(input, new byte[] {'{', '}', '\n', '"', (byte) 0xe4, '"', '\n'});
    assertRefused(rerank("--dataset-path", input), Main.INPUT, input + ":", "expected");
  }

  @Test
  void aCutShard() throws IOException {
    Path model = copyFolder("mistral");
    Path shard = model.resolve("model-00002-of-00002.safetensors");
    byte[] bytes = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(bytes, bytes.length - 100));
    assertRefused(
        rerank("--model-name-or-path", model), Main.INPUT, "model-00002-of-00002.safetensors");
  }

  @Test
  void aMissingShard() throws IOException {
    Path model = copyFolder("mistral");
    Files.delete(model.resolve("model-00001-of-00002.safetensors"));
    assertRefused(
        rerank("--model-name-or-path", model), Main.INPUT, "model-00001-of-00002.safetensors");
  }

  @Test
  void anAdapterOfAnotherShape() {
    assertRefused(
        rerank("--model-name-or-path", Path.of(Cli.reference("mistral"))),
        Main.INPUT,
        "the adapter does not fit model.layers.0.self_attn.q_proj.weight of shape [48, 32]: lora_A");
  }

  @Test
  void aModelWithoutAHead() throws IOException {
    List<String> args = new ArrayList<>(rerank("--dataset-path", input()));
    args.subList(args.indexOf("--lora-name-or-path"), args.indexOf("--lora-name-or-path") + 2)
        .clear();
    assertRefused(args, Main.INPUT, "score.weight");
  }

  @Test
  void anUnknownModelType() throws IOException {
    Path model = copyFolder("base");
    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("\"llama\"", "\"gpt_neox\""));
    assertRefused(
        rerank("--model-name-or-path", model),
        Main.INPUT,
        "model_type \"gpt_neox\" is not supported; supported: llama, mistral");
  }

  @Test
  void anAdapterThatWantsToRunCode() throws IOException {
    Path adapter = copyFolder("adapter-bin");
    Path marker = folder.resolve("ran");
    TorchArchives.writeMalicious(adapter.resolve("adapter_model.bin"), "touch " + marker);
    assertRefused(
        rerank("--lora-name-or-path", adapter), Main.INPUT, "adapter_model.bin", "system");
    assertThat(marker).doesNotExist();
  }

  @Test
  void aModelPathThatDoesNotExist() {
    Path nowhere = folder.resolve("nowhere");
    assertRefused(rerank("--model-name-or-path", nowhere), Main.INPUT, nowhere + " does not exist");
  }

  @Test
  void anInputThatDoesNotExist() {
    Path nowhere = folder.resolve("nowhere.jsonl");
    assertRefused(
        rerank("--dataset-path", nowhere),
        Main.INPUT,
        "--dataset-path: " + nowhere + " does not exist");
  }

  @Test
  void anOutputThatExists() throws IOException {
    Path output = Files.writeString(outputs.resolve("run.txt"), "precious");
    Cli.Result result = Cli.run(rerank("--dataset-path", input()));
    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains(output.toString()).contains("--overwrite");
    assertThat(output).hasContent("precious");
  }

  @Test
  void anUnknownOption() {
    assertRefused(
        rerank("--dataset-path", input(), "--rerank-max-length", "196"),
        Main.USAGE,
        "--rerank-max-length");
  }

  @Test
  void aMissingOption() {
    assertRefused(
        List.of("rerank", "--dataset-path", input().toString()),
        Main.USAGE,
        "--model-name-or-path");
  }

  @Test
  void valuesOutOfRange() {
    assertRefused(
        rerank("--dataset-path", input(), "--dtype", "float8"),
        Main.USAGE,
        "--dtype: expected auto or one of float32, bfloat16, float16, int8, got \"float8\"");
    assertRefused(
        rerank("--dataset-path", input(), "--per-device-eval-batch-size", "0"),
        Main.USAGE,
        "--per-device-eval-batch-size: expected at least 1, got 0");
    assertRefused(
        rerank("--dataset-path", input(), "--max-batch-tokens", "0"),
        Main.USAGE,
        "--max-batch-tokens: expected at least 1, got 0");
    assertRefused(
        rerank("--dataset-path", input(), "--max-batch-tokens", "-1"),
        Main.USAGE,
        "--max-batch-tokens: expected at least 1, got -1");
    assertRefused(
        rerank("--dataset-path", input(), "--max-batch-tokens", "many"),
        Main.USAGE,
        "--max-batch-tokens",
        "many");
    assertRefused(
        triple("--depth", Path.of("0")), Main.USAGE, "--depth: expected at least 1, got 0");
    assertRefused(
        rerank("--dataset-path", input(), "--run-tag", "two words"),
        Main.USAGE,
        "--run-tag: expected one word, got \"two words\"");
  }

  @Test
  void aFirstStageScoreThatIsNotFinite() throws IOException {
    Path run = copy("data/run.trec");
    replaceLine(run, 4, "q1 Q0 D7 3 nan tag");
    assertRefused(
        triple("--retrieval-results", run),
        Main.INPUT,
        run + ":4: expected a finite number as score, got \"nan\"");
    replaceLine(run, 4, "q1 Q0 D7 3 1e999 tag");
    assertRefused(triple("--retrieval-results", run), Main.INPUT, run + ":4: ", "1e999");
    Path input = copy("expected/rerank_input.jsonl");
    for (String score : List.of("NaN", "-Infinity", "1e999", "\"3\"")) {
      replaceLine(
          input,
          9,
          "{\"query_id\": \"q\", \"query\": \"q\", \"docid\": \"d\", \"text\": \"t\", \"score\": "
              + score
              + "}");
      assertRefused(rerank("--dataset-path", input), Main.INPUT, input + ":9: ");
    }
  }

  @Test
  void aModelWhoseScoreIsNotANumber() throws IOException {
    Path adapter = copyFolder("adapter");
    Path weights = adapter.resolve("adapter_model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    Arrays.fill(bytes, bytes.length - 64, bytes.length, (byte) 0xff); // NaN in every format
    Files.write(weights, bytes);
    assertRefused(
        rerank("--lora-name-or-path", adapter),
        Main.INPUT,
        "the model's score of query ",
        ", docid ",
        " is NaN; nothing was published");
  }

  @Test
  void aFolderWhereAFileIsExpectedAndTheOtherWay() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty.jsonl"));
    assertRefused(rerank("--dataset-path", empty), Main.INPUT, empty + " has no files");
    assertRefused(
        rerank("--model-name-or-path", input()),
        Main.INPUT,
        input() + " is a file: --model-name-or-path takes a directory");
    assertRefused(
        rerank("--dtype", Path.of("float32"), "--qrels", folder.toString()),
        Main.INPUT,
        folder + " is a directory; expected a file");
    assertRefused(
        List.of("convert", "--input", folder.toString(), "--output", outputs + "/x"),
        Main.INPUT,
        folder + " is a directory; expected a file");
    assertRefused(
        List.of("convert", "--input", input().toString(), "--output", folder.toString()),
        Main.INPUT,
        folder + " is a directory; expected a file to write");
    assertRefused(rerank("--rerank-output-path", folder), Main.INPUT, folder + " is a directory");
    assertRefused(
        rerank("--rerank-output-path", input().resolve("run.txt")),
        Main.INPUT,
        input() + " is a file");
  }

  @Test
  void bytesThatAreNotUtf8NameTheLine() throws IOException {
    Path run = copy("data/run.trec");
    byte[] bytes = Files.readAllBytes(run);
    int third = 0;
    for (int line = 1; line < 3; third++) {
      line += bytes[third] == '\n' ? 1 : 0;
    }
    bytes[third] = (byte) 0xe9;
    Files.write(run, bytes);
    String message = run + ":3: expected UTF-8, got other bytes; convert the file";
    assertRefused(triple("--retrieval-results", run), Main.INPUT, message);
    assertRefused(
        List.of("convert", "--input", run.toString(), "--output", outputs + "/x"),
        Main.INPUT,
        message);
  }

  @Test
  void brokenQrelsBeforeAnythingIsScored() throws IOException {
    Path qrels = copy("data/qrels.txt");
    replaceLine(qrels, 2, "q1 0 D7");
    assertRefused(
        rerank("--dtype", Path.of("float32"), "--qrels", qrels.toString()),
        Main.INPUT,
        qrels + ":2: expected 4 columns \"qid iter docid grade\"");
  }

  @Test
  void aRunTagOfTwoWords() {
    assertRefused(
        List.of(
            "convert",
            "--input",
            Cli.reference("data/run.trec"),
            "--output",
            outputs + "/x",
            "--run-tag",
            "my run"),
        Main.USAGE,
        "--run-tag: expected one word, got \"my run\"");
  }

  @Test
  void anOutputThatCannotBeWritten() {
    Path proc = Path.of("/proc/run.txt"); // read-only to root as well
    assertRefused(rerank("--rerank-output-path", proc), Main.INPUT, proc + " cannot be written: ");
    assertRefused(
        List.of("convert", "--input", Cli.reference("data/run.trec"), "--output", proc.toString()),
        Main.INPUT,
        proc + " cannot be written: ");
  }

  @Test
  void aDiskThatIsFull() {
    FaultyFileSystem.install(
        Cli.startSpark().sparkContext().hadoopConfiguration(), /* capacity= */ 200, "");
    Path run = Path.of("faulty:" + outputs + "/run.txt");
    assertRefused(
        rerank("--rerank-output-path", run),
        Main.INPUT,
        run + " cannot be written: No space left on device");
    Path input = Path.of("faulty:" + outputs + "/input.jsonl");
    assertRefused(
        List.of(
            "prepare",
            "--queries",
            Cli.reference("data/queries.tsv"),
            "--corpus",
            Cli.reference("data/corpus.jsonl"),
            "--retrieval-results",
            Cli.reference("data/run.trec"),
            "--output-path",
            input.toString()),
        Main.INPUT,
        input + " cannot be written: No space left on device");
  }

  @Test
  void aSecondOutputThatFailsAfterTheFirstAppeared() {
    FaultyFileSystem.install(
        Cli.startSpark().sparkContext().hadoopConfiguration(), 1 << 20, "run.trec");
    Cli.Result result =
        Cli.run(
            rerank(
                "--dtype",
                Path.of("float32"),
                "--trec-output-path",
                "faulty:" + outputs + "/run.trec"));
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.PARTLY_DONE);
    assertThat(result.lastLine())
        .contains(
            outputs + "/run.txt was written, but faulty:" + outputs + "/run.trec cannot be written",
            "the command with --overwrite writes both");
    assertThat(outputs.toFile().list()).containsExactly("run.txt");
  }

  @Test
  void aGpuThatIsNotThere() {
    assumeFalse(Files.exists(Path.of("/dev/nvidia0")));
    assertRefused(
        rerank("--dataset-path", input(), "--device", "cuda"),
        Main.DEVICE,
        "no NVIDIA driver is found here (libcuda.so.1)");
  }

  @Test
  void aStackTraceOnlyOnRequest() {
    Cli.Result result =
        Cli.run(rerank("--model-name-or-path", folder.resolve("nowhere")), "--stacktrace");
    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.err()).contains("\tat dev.rankspark.");
    assertThat(result.lastLine()).startsWith("rankspark: ").contains("nowhere does not exist");
  }

  private void assertRefused(List<String> args, int code, String... inLastLine) {
    Cli.Result result = Cli.run(args);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(code);
    assertThat(result.lastLine()).startsWith("rankspark: ").contains(inLastLine);
    assertThat(result.err()).doesNotContain("\tat ");
    assertThat(outputs).isEmptyDirectory();
  }

  /** A command that works, with one option's value replaced or added. */
  private List<String> rerank(String option, Path value, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "rerank",
                "--model-name-or-path",
                Cli.reference("base"),
                "--lora-name-or-path",
                Cli.reference("adapter"),
                "--dataset-path",
                input().toString(),
                "--dtype",
                "float32",
                "--rerank-output-path",
                outputs.resolve("run.txt").toString()));
    set(args, option, value);
    args.addAll(List.of(more));
    return args;
  }

  private List<String> triple(String option, Path value) {
    List<String> args = new ArrayList<>(rerank("--dtype", Path.of("float32")));
    int at = args.indexOf("--dataset-path");
    args.subList(at, at + 2).clear();
    args.addAll(
        List.of(
            "--queries",
            Cli.reference("data/queries.tsv"),
            "--corpus",
            Cli.reference("data/corpus.jsonl"),
            "--retrieval-results",
            Cli.reference("data/run.trec"),
            "--depth",
            "10"));
    set(args, option, value);
    return args;
  }

  private static void set(List<String> args, String option, Path value) {
    args.set(args.indexOf(option) + 1, value.toString());
  }

  private static Path input() {
    return Path.of(Cli.reference("expected/rerank_input.jsonl"));
  }

  private Path copy(String name) throws IOException {
    Path source = Path.of(Cli.reference(name));
    return Files.copy(source, folder.resolve(source.getFileName()));
  }

  private Path copyFolder(String name) throws IOException {
    Path target = folder.resolve(name);
    FileUtils.copyDirectory(Path.of(Cli.reference(name)).toFile(), target.toFile());
    return target;
  }

  /**
   * @param number from 1
   */
  private static void replaceLine(Path file, int number, String line) throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    lines.set(number - 1, line);
    Files.write(file, lines);
  }
}
