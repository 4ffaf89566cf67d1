package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MergeCommandTest {
  /** Between two orders of a float32 sum. */
  private static final double FLOAT32 = 1e-5;

  private static final List<String> FILES =
      List.of(
          "config.json",
          "generation_config.json",
          "model.safetensors",
          "tokenizer.json",
          "tokenizer_config.json");

  @TempDir private Path folder;

  @Test
  void theMergedModelScoresAsBaseAndAdapter() {
    Path merged = folder.resolve("merged");
    Cli.Result result =
        Cli.run(merge(merged, "base", "adapter"), "--dtype", "float32", "--max-shard-size", "5GB");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.lastLine())
        .startsWith("Wrote " + merged + ": 21 weights in float32, 14 of them adapted; 5 files, ");
    assertThat(merged.toFile().list()).containsExactlyInAnyOrderElementsOf(FILES);
    assertThat(folder.toFile().list()).containsExactly("merged");
    assertThat(scores(merged, "float32").largestDifference(expected("adapter.txt")))
        .isLessThanOrEqualTo(FLOAT32);
  }

  @Test
  void anAdapterNamesItsBaseAndTheBasesDtypeIsKept() {
    Path merged = folder.resolve("merged");
    Cli.Result result =
        Cli.run(
            "merge",
            "--model_name_or_path",
            Cli.reference("adapter-bin"),
            "--output_dir",
            merged.toString(),
            "--max-shard-size",
            "30KB");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.lastLine()).contains(" in float16, 14 of them adapted; 8 files, ");
    assertThat(merged)
        .isDirectoryContaining("glob:**/model-00003-of-00003.safetensors")
        .isDirectoryContaining("glob:**/model.safetensors.index.json");
    // The base is float16: what is new is that the merged weights are as well.
    assertThat(scores(merged, "float32").largestDifference(expected("adapter.txt")))
        .isLessThan(0.05);
  }

  @ParameterizedTest
  @ValueSource(strings = {"float32", "bfloat16", "float16"})
  void aWholeModelIsOnlyConverted(String dtype) {
    Path merged = folder.resolve("merged");
    Cli.Result result =
        Cli.run(
            "merge",
            "--model-name-or-path",
            Cli.reference("mistral"),
            "--output-dir",
            merged.toString(),
            "--dtype",
            dtype);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.lastLine()).contains(" 0 of them adapted");
    // Small enough numbers that bfloat16 fits float16 but for the smallest.
    assertThat(scores(merged, "float32").largestDifference(expected("mistral.txt")))
        .isLessThanOrEqualTo(1e-4);
  }

  /** By them the merged model has the prompt that the adapter had. */
  @Test
  void sentenceTransformersFilesGoWithTheirAdapter() throws IOException {
    Path adapter = copyFolder("adapter");
    Path config = adapter.resolve("adapter_config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replaceFirst(
                "\"base_model_name_or_path\": \"[^\"]*\"",
                "\"base_model_name_or_path\": \"" + Cli.reference("base") + "\""));
    List<String> names = List.of("modules.json", "chat_template.jinja");
    for (String name : names) {
      Files.writeString(adapter.resolve(name), "of sentence-transformers");
    }
    Path merged = folder.resolve("merged");
    Cli.Result result =
        Cli.run(
            "merge", "--model-name-or-path", adapter.toString(), "--output-dir", merged.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    for (String name : names) {
      assertThat(merged.resolve(name)).hasSameTextualContentAs(adapter.resolve(name));
    }
  }

  @Test
  void aBackboneBecomesAPlainModel() throws IOException {
    Path merged = folder.resolve("merged");
    Cli.Result result =
        Cli.run(
            "merge",
            "--model-name-or-path",
            Cli.reference("backbone"),
            "--output-dir",
            merged.toString());

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(merged.resolve("config.json")).content().contains("LlamaForSequenceClassification");
    assertThat(scores(merged, "float32").largestDifference(expected("backbone.txt")))
        .isLessThanOrEqualTo(1e-4);
  }

  @Test
  void aBackboneThatPoolsItsFirstTokenIsRefused() throws IOException {
    Path model = copyFolder("backbone");
    Path config = model.resolve("reranker_config.json");
    Files.writeString(config, Files.readString(config).replace("\"last\"", "\"cls\""));

    assertRefused(
        List.of("merge", "--model-name-or-path", model.toString(), "--output-dir", folder + "/out"),
        Main.INPUT,
        model
            + ": reranker_pooling \"cls\" is not supported by merge: a plain model pools the last"
            + " token");
  }

  @Test
  void aDirectoryThatHoldsSomethingElseIsLeftAlone() throws IOException {
    Path output = Files.createDirectory(folder.resolve("out"));
    Files.writeString(output.resolve("notes.txt"), "precious");
    assertRefused(
        merge(output, "base", "adapter"),
        Main.INPUT,
        output
            + " is not empty, it holds notes.txt; give another --output-dir, or --overwrite to"
            + " replace a model in it");
    assertThat(output.toFile().list()).containsExactly("notes.txt");

    Files.writeString(output.resolve("model-00001-of-00002.safetensors"), "old");
    Files.writeString(output.resolve("config.json"), "old");
    Cli.Result result = Cli.run(merge(output, "base", "adapter"), "--overwrite");
    assertThat(result.exitCode()).as(result.err()).isZero();
    List<String> expected = new ArrayList<>(FILES);
    expected.add("notes.txt");
    assertThat(output.toFile().list()).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(output.resolve("notes.txt")).hasContent("precious");
    assertThat(folder.toFile().list()).containsExactly("out");
  }

  @Test
  void aDirectoryThatWouldBeReadAsAnAdapterIsRefusedInAnyCase() throws IOException {
    Path adapter = copyFolder("adapter");
    assertRefused(
        merge(adapter, "base", "adapter", "--overwrite"),
        Main.INPUT,
        adapter + " holds adapter_config.json, with which it is read as something else");
  }

  @Test
  void theBaseIsNotOverwritten() throws IOException {
    Path base = copyFolder("base");
    assertRefused(
        List.of(
            "merge",
            "--model-name-or-path",
            base.toString(),
            "--lora-name-or-path",
            Cli.reference("adapter"),
            "--output-dir",
            base + "/",
            "--overwrite"),
        Main.INPUT,
        "--output-dir " + base + "/ is what is read; give another one");
  }

  @Test
  void badInputIsNamedAndNothingIsWritten() throws IOException {
    Path output = folder.resolve("out");
    assertRefused(
        merge(output, "mistral", "adapter"),
        Main.INPUT,
        "the adapter does not fit model.layers.0.self_attn.q_proj.weight of shape [48, 32]: lora_A");
    assertRefused(
        List.of(
            "merge",
            "--model-name-or-path",
            Cli.reference("base"),
            "--output-dir",
            output.toString()),
        Main.INPUT,
        "no head: " + Cli.reference("base") + " has no score.weight");
    assertRefused(
        List.of("merge", "--model-name-or-path", folder + "/nowhere", "--output-dir", output + ""),
        Main.INPUT,
        folder + "/nowhere does not exist");
    Path file = Files.writeString(folder.resolve("file"), "precious");
    assertRefused(
        merge(file, "base", "adapter"), Main.INPUT, file + " is a file; expected a directory");
    assertRefused(
        merge(Path.of("/proc/out"), "base", "adapter"),
        Main.INPUT,
        "/proc/out cannot be written: ");
    assertRefused(
        merge(output, "base", "adapter", "--dtype", "int8"),
        Main.USAGE,
        "--dtype: expected float32, bfloat16 or float16, got \"int8\"");
    assertRefused(
        merge(output, "base", "adapter", "--max-shard-size", "5"),
        Main.USAGE,
        "--max-shard-size: expected a number of KB, MB, GB or TB, such as 5GB, got \"5\"");
    assertThat(output).doesNotExist();
  }

  @Test
  void aCutShardLeavesNothing() throws IOException {
    Path model = copyFolder("mistral");
    Path shard = model.resolve("model-00002-of-00002.safetensors");
    Files.write(shard, Arrays.copyOf(Files.readAllBytes(shard), 20_000));
    assertRefused(
        List.of("merge", "--model-name-or-path", model.toString(), "--output-dir", folder + "/out"),
        Main.INPUT,
        shard + ": expected ",
        "it is cut; copy it again");
    assertThat(folder.toFile().list()).containsExactly("mistral");
  }

  private static void assertRefused(List<String> args, int code, String... inLastLine) {
    Cli.Result result = Cli.run(args);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(code);
    assertThat(result.lastLine()).startsWith("rankspark: ").contains(inLastLine);
  }

  private static List<String> merge(Path output, String base, String adapter, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "merge",
                "--model-name-or-path",
                Cli.reference(base),
                "--lora-name-or-path",
                Cli.reference(adapter),
                "--output-dir",
                output.toString()));
    args.addAll(List.of(more));
    return args;
  }

  /** Our scores of the reference's records, with its settings. */
  private Scores scores(Path model, String dtype) {
    Path output = folder.resolve("scores.txt");
    Cli.Result result =
        Cli.run(
            "rerank",
            "--model-name-or-path",
            model.toString(),
            "--dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--query-prefix",
            "query: ",
            "--passage-prefix",
            "document: ",
            "--rerank-max-len",
            "196",
            "--dtype",
            dtype,
            "--rerank-output-path",
            output.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    return Scores.read(output);
  }

  private static Scores expected(String name) {
    return Scores.read(Path.of(Cli.reference("expected/" + name)));
  }

  private Path copyFolder(String name) throws IOException {
    Path target = folder.resolve(name);
    FileUtils.copyDirectory(Path.of(Cli.reference(name)).toFile(), target.toFile());
    return target;
  }
}
