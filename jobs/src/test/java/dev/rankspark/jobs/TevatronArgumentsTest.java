package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Command lines as they are written for Tevatron's own programs. */
class TevatronArgumentsTest {
  @TempDir private Path folder;

  private Path output;
  private String expected;

  @BeforeEach
  void scoreOnce() {
    output = folder.resolve("run.txt");
    Path plain = folder.resolve("plain.txt");
    Cli.Result result =
        Cli.run(
            "rerank",
            "--model-name-or-path",
            Cli.reference("base"),
            "--lora-name-or-path",
            Cli.reference("adapter"),
            "--dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--rerank-max-len",
            "64",
            "--query-prefix",
            "query: ",
            "--dtype",
            "float16",
            "--device",
            "cpu",
            "--rerank-output-path",
            plain.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    expected = Cli.read(plain);
  }

  @Test
  void everyArgumentClassInBothSpellings() {
    Cli.Result result =
        Cli.run(
            "rerank",
            "--output_dir=temp",
            "--model_name_or_path",
            Cli.reference("base"),
            "--lora-name-or-path",
            Cli.reference("adapter"),
            "--lora",
            "--reranker_pooling",
            "last",
            "--dataset_path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--dataset_name",
            "json",
            "--dataset_split",
            "train",
            "--fp16",
            "True",
            "--bf16",
            "False",
            "--no_cuda",
            "--per_device_eval_batch_size",
            "64",
            "--rerank_max_len",
            "64",
            "--pad_to_multiple_of",
            "16",
            "--query_prefix",
            "query: ",
            "--dataloader-num-workers",
            "4",
            "--report_to",
            "none",
            "--label_names",
            "a",
            "b",
            "--no_dataloader_pin_memory",
            "--disable_tqdm",
            "yes",
            "--rerank_output_path",
            output.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(Cli.read(output)).isEqualTo(expected);
    assertThat(result.err().lines())
        .contains(
            "Without meaning here, ignored: --output-dir, --lora, --reranker-pooling,"
                + " --pad-to-multiple-of, --dataloader-num-workers, --report-to, --label-names,"
                + " --no-dataloader-pin-memory");
  }

  @Test
  void allOfThemInOneFile() throws IOException {
    Path args =
        Files.writeString(
            folder.resolve("args.json"),
            """
            {
              "model_name_or_path": "%s", "lora_name_or_path": "%s", "lora_r": 8,
              "dataset_path": "%s", "rerank_max_len": 64, "query_prefix": "query: ",
              "fp16": true, "bf16": false, "use_cpu": true, "output_dir": "temp", "cache_dir": null,
              "lr_scheduler_kwargs": {"a": 1}, "label_names": ["a", "b"],
              "rerank_output_path": "%s"
            }
            """
                .formatted(
                    Cli.reference("base"),
                    Cli.reference("adapter"),
                    Cli.reference("expected/rerank_input.jsonl"),
                    output));
    Cli.Result result = Cli.run("rerank", args.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(Cli.read(output)).isEqualTo(expected);
    assertThat(result.err())
        .contains("ignored: --lora-r, --output-dir, --lr-scheduler-kwargs, --label-names");
  }

  @Test
  void aFileThatIsNoSuchObjectIsRefused() throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.json"), "{\n\"fp16\": tru\n}");
    assertRefused(Main.INPUT, broken + ":2: broken JSON: ", "rerank", broken.toString());
    Path list = Files.writeString(folder.resolve("list.json"), "[1]");
    assertRefused(
        Main.INPUT, list + ": expected a JSON object of arguments", "rerank", list.toString());
    Path unknown = Files.writeString(folder.resolve("unknown.json"), "{\"rerank_maxlen\": 5}");
    assertRefused(Main.USAGE, "--rerank-max-len?", "rerank", unknown.toString());
    assertRefused(Main.INPUT, folder + "/no.json does not exist", "rerank", folder + "/no.json");
  }

  @ParameterizedTest
  @CsvSource({
    "rerank --rerank_maxlen 196, --rerank-max-len",
    "rerank --query-prefx x, --query-prefix",
    "rerank --gradient_checkpoint, --gradient-checkpointing",
    "prepare --ouput_path x, --output-path",
    "convert --remove-queries, --remove-query",
    "rernk, rerank"
  })
  void anUnknownNameIsAnErrorThatNamesTheNearest(String line, String meant) {
    assertRefused(Main.USAGE, "; did you mean " + meant + "?", line.split(" "));
  }

  @Test
  void aNameLikeNoOtherIsAnErrorWithoutAGuess() {
    Cli.Result result = Cli.run("rerank", "--zzzzzzzzzz");
    assertThat(result.exitCode()).isEqualTo(Main.USAGE);
    assertThat(result.lastLine()).contains("--zzzzzzzzzz").doesNotContain("did you mean");
  }

  @Test
  void prepareTakesDataSetsByFolderAndSplit() throws IOException {
    Path queries = Files.createDirectories(folder.resolve("Tevatron/msmarco-passage"));
    Files.copy(Path.of(Cli.reference("data/queries.tsv")), queries.resolve("queries.dl19.tsv"));
    Files.writeString(queries.resolve("dev.jsonl"), "{}");
    Files.writeString(queries.resolve("README.md"), "about dl19");
    Path corpus = Files.createDirectories(folder.resolve("Tevatron/msmarco-passage-corpus"));
    Files.copy(Path.of(Cli.reference("data/corpus.jsonl")), corpus.resolve("corpus.jsonl"));
    List<String> prepare =
        List.of(
            "prepare",
            "--query_data_name",
            queries.toString(),
            "--corpus_data_name",
            corpus.toString(),
            "--retrieval_results",
            Cli.reference("data/run.trec"),
            "--depth",
            "10",
            "--cache_dir",
            folder.resolve("cache").toString(),
            "--output_path",
            output.toString());

    Cli.Result result = Cli.run(prepare, "--query_data_split", "dl19");
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(Cli.read(output))
        .isEqualTo(Cli.read(Path.of(Cli.reference("expected/rerank_input.jsonl"))));

    Cli.Result other = Cli.run(prepare, "--query_data_split", "dl20", "--overwrite");
    assertThat(other.exitCode()).isEqualTo(Main.INPUT);
    assertThat(other.lastLine())
        .endsWith(
            "--query-data-name: "
                + queries
                + " has no data of split \"dl20\": expected a file such as dl20.jsonl.gz, found"
                + " dev.jsonl, queries.dl19.tsv");
  }

  @Test
  void twoWaysToNameTheSameExcludeEachOther() {
    assertRefused(
        Main.USAGE,
        "--queries and --query-data-name exclude each other",
        "prepare",
        "--queries",
        "q.tsv",
        "--query-data-name",
        "q",
        "--corpus",
        "c.jsonl",
        "--retrieval-results",
        "r",
        "--output-path",
        output.toString());
    assertRefused(
        Main.USAGE,
        "--device cuda and --use-cpu exclude each other",
        rerank("--device", "cuda", "--use-cpu"));
    assertRefused(
        Main.USAGE,
        "--dataset-name: expected json beside --dataset-path, got \"Tevatron/x\"",
        rerank("--dataset-name", "Tevatron/x"));
    assertRefused(
        Main.USAGE,
        "--dataset-split: files of --dataset-path are the split train, got \"dev\"",
        rerank("--dataset-split", "dev"));
    assertRefused(
        Main.USAGE,
        "--dataset-shard-index: expected 0 to 1, as there are 2 shards, got 2",
        rerank("--dataset-number-of-shards", "2", "--dataset-shard-index", "2"));
  }

  private String[] rerank(String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "rerank",
                "--model-name-or-path",
                "m",
                "--dataset-path",
                "d.jsonl",
                "--rerank-output-path",
                output.toString()));
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }

  private void assertRefused(int code, String inLastLine, String... args) {
    Cli.Result result = Cli.run(args);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(code);
    assertThat(result.lastLine()).startsWith("rankspark: ").contains(inLastLine);
    assertThat(output).doesNotExist();
  }
}
